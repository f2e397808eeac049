/** What a tab keeps over a reload: plain data. */
import type { SavedOutbox } from "./outbox";

/** A message that the hub refused for good; its author may try again or let it go. */
export interface Failed {
  readonly commands: string;
  readonly reason: string;
}

export interface Saved {
  readonly producer: string;
  readonly session: string;
  readonly position: string;
  readonly resume: { readonly ticket: string; readonly proof: string } | null;
  readonly outbox: SavedOutbox;
  readonly failed: readonly Failed[];
}

export function freshSaved(producer: string): Saved {
  return { producer, session: "", position: "", resume: null, outbox: { next: 1, waiting: [] }, failed: [] };
}

/** What `text` keeps; null if it was written by another version of this page, or by nobody. */
export function readSaved(text: string | null): Saved | null {
  if (text === null) return null;
  try {
    const found = JSON.parse(text) as Partial<Saved> | null;
    const whole = typeof found?.producer === "string" && Array.isArray(found.outbox?.waiting) && Array.isArray(found.failed);
    return whole ? (found as Saved) : null;
  } catch {
    return null;
  }
}
