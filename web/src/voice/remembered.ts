/** What a tab that talks remembers over its reload. */
import type { Report } from "./ledger";

const KEY = "legato:voice";
const MUTED = "legato:muted";
const HEARD = "legato:heard";
/** After so many ms nothing goes on from there. */
const FRESH_MS = 60_000;

export function remember(memory: Storage | null, talks: boolean): void {
  if (talks) memory?.setItem(KEY, "on");
  else memory?.removeItem(KEY);
}

/** Whether the page talked before its reload: worth an `openEarly`. */
export function talked(memory: Storage | null): boolean {
  return memory?.getItem(KEY) === "on";
}

/** Whether its microphone is muted: whoever muted it is not heard after a reload that asks them nothing. */
export function rememberMuted(memory: Storage | null, muted: boolean): void {
  if (muted) memory?.setItem(MUTED, "on");
  else memory?.removeItem(MUTED);
}

export function wasMuted(memory: Storage | null): boolean {
  return memory?.getItem(MUTED) === "on";
}

/** Keep what was heard last, `ago` ms ago. */
export function keepHeard(memory: Storage | null, heard: Report, ago: number): void {
  memory?.setItem(HEARD, JSON.stringify([heard.message, heard.samples, Date.now() - ago]));
}

/** What the page before its reload had heard last, and how many ms ago. It is given once. */
export function heardBefore(memory: Storage | null): { readonly heard: Report; readonly ago: number } | null {
  const kept = memory?.getItem(HEARD);
  if (kept == null) return null;
  memory?.removeItem(HEARD);
  return readHeard(kept, Date.now());
}

export function readHeard(kept: string, now: number): { readonly heard: Report; readonly ago: number } | null {
  const [message, samples, at] = list(kept);
  if (typeof message !== "string" || typeof samples !== "number" || typeof at !== "number") return null;
  const ago = Math.max(0, now - at);
  return ago > FRESH_MS ? null : { heard: { message, samples }, ago };
}

function list(kept: string): readonly unknown[] {
  try {
    const found: unknown = JSON.parse(kept);
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}
