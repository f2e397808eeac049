/**
 * Ended entries that left the state's window: what was seen go, and pages of history that were asked for. Pure.
 *
 * Ordinals are dense, so a hole (the session moved on while this page was away) is seen and can be filled.
 */
import { endedEntries } from "./state";
import type { Entry, State } from "./generated";

/** Entries kept at most; the oldest go. */
export const MOST_PAST = 50_000;

export class Past {
  private known = new Map<number, Entry>();
  private sorted: readonly Entry[] = [];
  /** Ordinals from `low` up to `high`, which is not among them, that are known. */
  private run = { low: 0, high: 0 };

  /** By ordinal, oldest first. The same array as long as nothing changed. */
  get entries(): readonly Entry[] {
    return this.sorted;
  }

  add(entries: readonly Entry[]): void {
    const fresh = entries.filter((entry) => entry.ordinal > 0 && !this.known.has(entry.ordinal));
    if (fresh.length === 0) return;
    for (const entry of fresh) this.known.set(entry.ordinal, entry);
    const last = this.sorted.at(-1)?.ordinal ?? 0;
    this.sort(fresh.every((entry, place) => entry.ordinal > (fresh[place - 1]?.ordinal ?? last)) ? [...this.sorted, ...fresh] : undefined);
  }

  /** The log lost its tail from offset `from` on, and `state` is what is left. */
  lost(from: number, state: State): void {
    const keep = [...this.known].filter(([ordinal, entry]) => entry.at < from && ordinal <= state.finished);
    this.known = new Map(keep);
    this.run = { low: 0, high: 0 };
    this.sort();
  }

  /** Ask for the page before this ordinal to see more; 0 if there is nothing before. */
  before(state: State): number {
    const high = endedEntries(state)[0]?.ordinal ?? state.finished + 1;
    let low = high;
    // Each view asks: what was walked through before is skipped.
    while (low > this.run.high && this.known.has(low - 1)) low -= 1;
    if (this.run.low <= low && low <= this.run.high) low = this.run.low;
    while (this.known.has(low - 1)) low -= 1;
    this.run = { low, high };
    return low > 1 ? low : 0;
  }

  /** Ask for the page before this ordinal to close a hole between what is known and the state; 0 if there is none. */
  hole(state: State): number {
    const before = this.before(state);
    return before > 0 && (this.sorted[0]?.ordinal ?? before) < before ? before : 0;
  }

  private sort(all: readonly Entry[] = [...this.known.values()].sort((a, b) => a.ordinal - b.ordinal)): void {
    const gone = all.slice(0, -MOST_PAST);
    for (const entry of gone) this.known.delete(entry.ordinal);
    if (gone.length > 0) this.run = { low: 0, high: 0 };
    this.sorted = gone.length > 0 ? all.slice(-MOST_PAST) : all;
  }
}
