/**
 * Ended entries that left the state's window: what was seen go, and pages of history that were asked for. Pure.
 *
 * Ordinals are dense, so a hole (the session moved on while this page was away) is seen and can be filled.
 */
import { endedEntries } from "./state";
import type { Entry, State } from "./generated";

/** Entries kept at most; the oldest go, and can be asked for again. */
export const MOST_PAST = 2_000;

export class Past {
  private known = new Map<number, Entry>();
  private sorted: readonly Entry[] = [];

  /** By ordinal, oldest first. The same array as long as nothing changed. */
  get entries(): readonly Entry[] {
    return this.sorted;
  }

  add(entries: readonly Entry[]): void {
    const fresh = entries.filter((entry) => entry.ordinal > 0 && !this.known.has(entry.ordinal));
    if (fresh.length === 0) return;
    for (const entry of fresh) this.known.set(entry.ordinal, entry);
    this.sort();
  }

  /** The log lost its tail from offset `from` on, and `state` is what is left. */
  lost(from: number, state: State): void {
    const keep = [...this.known].filter(([ordinal, entry]) => entry.at < from && ordinal <= state.finished);
    this.known = new Map(keep);
    this.sort();
  }

  /** Ask for the page before this ordinal to see more; 0 if there is nothing before. */
  before(state: State): number {
    let first = endedEntries(state)[0]?.ordinal ?? state.finished + 1;
    while (this.known.has(first - 1)) first -= 1;
    return first > 1 ? first : 0;
  }

  /** Ask for the page before this ordinal to close a hole between what is known and the state; 0 if there is none. */
  hole(state: State): number {
    const before = this.before(state);
    return before > 0 && this.sorted.some((entry) => entry.ordinal < before) ? before : 0;
  }

  private sort(): void {
    const all = [...this.known.values()].sort((a, b) => a.ordinal - b.ordinal);
    for (const entry of all.slice(0, -MOST_PAST)) this.known.delete(entry.ordinal);
    this.sorted = all.slice(-MOST_PAST);
  }
}
