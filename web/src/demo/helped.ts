/** The stretches in which people answered: each is one line where it ended. Pure. */
import type { Entry, Help, State } from "../client";
import { nameOf } from "./names";

/** Minutes and seconds. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Who answered for how long, what they left to know, what they promised, and which tools ran. */
export function helpedText(state: State, help: Help, me: string): string {
  const told = [`${nameOf(state, help.by, me)} answered for ${duration(help.until - help.since)}`];
  if (help.summary !== "") told.push(help.summary.replace(/\s+/g, " "));
  if (help.promises.length > 0) told.push(`promised: ${help.promises.map((one) => one.text).join("; ")}`);
  if (help.tools.length > 0) told.push(`tools: ${help.tools.join(", ")}`);
  return told.join(" · ");
}

/** The lines, by the entry after which each stands (""; before all that is shown); `entries` in the order they began. */
export function helpedLines(state: State, entries: readonly Entry[], me: string): ReadonlyMap<string, readonly string[]> {
  const lines = new Map<string, string[]>();
  for (const help of state.helped) {
    const after = entries.findLast((entry) => entry.at < help.ended_at)?.id ?? "";
    lines.set(after, [...(lines.get(after) ?? []), helpedText(state, help, me)]);
  }
  return lines;
}
