/**
 * Ended entries that left the state's window: what was seen go, and pages of history that were asked for. Pure.
 *
 * Ordinals are dense, so a hole (the session moved on while this page was away) is seen and can be filled. Of more than can be
 * kept the oldest go; but while somebody reads back it is the newest, so that what they read stays where it is. From then on
 * it ends before the state begins, what lies between can be asked for again, page after page, and what comes meanwhile is
 * not kept.
 */
import { endedEntries } from "./state";
import type { Entry, State } from "./generated";

/** Entries kept at most. */
export const MOST_PAST = 50_000;
/** Entries in a page of history that says no limit. */
const PAGE = 50;

/** The ordinal from which on the state has what ended. */
function firstIn(state: State): number {
  return endedEntries(state)[0]?.ordinal ?? state.finished + 1;
}

export class Past {
  private known = new Map<number, Entry>();
  private sorted: readonly Entry[] = [];
  /** Ordinals from `low` up to `high`, which is not among them, that are known. */
  private run = { low: 0, high: 0 };
  /** Nothing from this ordinal on is kept, for somebody reads far back; 0: all is, up to the state. */
  private end = 0;
  /** Somebody asked for older ones, and is not back at what goes on. */
  private back = false;

  constructor(private readonly most = MOST_PAST) {}

  /** By ordinal, oldest first. The same array as long as nothing changed. */
  get entries(): readonly Entry[] {
    return this.sorted;
  }

  /** These left the state. */
  add(entries: readonly Entry[]): void {
    this.put(entries, this.back ? "newest" : "oldest");
  }

  /** Somebody reads back: which page to ask for, as `before` says it. */
  earlier(state: State): number {
    this.back = true;
    return this.before(state);
  }

  /** The page before `before`. */
  page(entries: readonly Entry[], before: number, state: State): void {
    // What it stood before was let go of meanwhile.
    if (before < this.high(state) && !this.known.has(before)) return;
    this.add(entries);
  }

  /** The page before `before`, which is what `after` said. */
  later(entries: readonly Entry[], before: number, state: State): void {
    if (this.end === 0 || before - PAGE > this.end) return;
    this.end = Math.max(this.end, before);
    this.put(entries, "oldest");
    if (this.leftOut(state) === 0) this.end = 0;
  }

  /** Whoever read back is at what goes on: what does not go up to it is let go of. Whether anything was. */
  newest(state: State): boolean {
    const leaves = this.leftOut(state) > 0;
    this.back = false;
    if (!leaves) return false;
    this.end = 0;
    this.known = new Map();
    this.run = { low: 0, high: 0 };
    this.sorted = [];
    return true;
  }

  /** The log lost its tail from offset `from` on, and `state` is what is left. */
  lost(from: number, state: State): void {
    const keep = [...this.known].filter(([ordinal, entry]) => entry.at < from && ordinal <= state.finished);
    this.known = new Map(keep);
    this.run = { low: 0, high: 0 };
    if (this.leftOut(state) === 0) this.end = 0;
    this.keep(this.ordered(), "oldest");
  }

  /** Ask for the page before this ordinal to see more; 0 if there is nothing before. */
  before(state: State): number {
    const high = this.high(state);
    let low = high;
    // Each view asks: what was walked through before is skipped.
    while (low > this.run.high && this.known.has(low - 1)) low -= 1;
    if (this.run.low <= low && low <= this.run.high) low = this.run.low;
    while (this.known.has(low - 1)) low -= 1;
    this.run = { low, high };
    return low > 1 ? low : 0;
  }

  /** Ask for the page before this ordinal to see what comes after the last of what is kept; 0 if that goes up to the state. */
  after(state: State): number {
    return this.leftOut(state) === 0 ? 0 : Math.min(this.end + PAGE, firstIn(state));
  }

  /** How many entries lie between what is kept and the state, let go of for older ones. */
  leftOut(state: State): number {
    return this.end === 0 ? 0 : Math.max(0, firstIn(state) - this.end);
  }

  /** Ask for the page before this ordinal to close a hole between what is known and the state; 0 if there is none. */
  hole(state: State): number {
    const before = this.before(state);
    return before > 0 && (this.sorted[0]?.ordinal ?? before) < before ? before : 0;
  }

  /** Up to which ordinal, which is not among them, entries are kept. */
  private high(state: State): number {
    return this.end === 0 ? firstIn(state) : this.end;
  }

  private put(entries: readonly Entry[], leaves: "oldest" | "newest"): void {
    const fresh = entries.filter(({ ordinal }) => ordinal > 0 && (this.end === 0 || ordinal < this.end) && !this.known.has(ordinal));
    if (fresh.length === 0) return;
    for (const entry of fresh) this.known.set(entry.ordinal, entry);
    const last = this.sorted.at(-1)?.ordinal ?? 0;
    const follow = fresh.every((entry, place) => entry.ordinal > (fresh[place - 1]?.ordinal ?? last));
    this.keep(follow ? [...this.sorted, ...fresh] : this.ordered(), leaves);
  }

  private ordered(): readonly Entry[] {
    return [...this.known.values()].sort((a, b) => a.ordinal - b.ordinal);
  }

  /** Of `all` that is known what can be kept, the others being let go of. */
  private keep(all: readonly Entry[], leaves: "oldest" | "newest"): void {
    const over = Math.max(0, all.length - this.most);
    const [from, to] = leaves === "oldest" ? [over, all.length] : [0, all.length - over];
    this.sorted = over === 0 ? all : all.slice(from, to);
    if (over === 0) return;
    for (const entry of [...all.slice(0, from), ...all.slice(to)]) this.known.delete(entry.ordinal);
    const end = (this.sorted.at(-1)?.ordinal ?? 0) + 1;
    if (leaves === "newest") this.end = end;
    const [low, high] = [Math.max(this.run.low, this.sorted[0]?.ordinal ?? end), Math.min(this.run.high, end)];
    this.run = low < high ? { low, high } : { low: 0, high: 0 };
  }
}
