/**
 * A producer's side of exactly once: batches wait here until the log has them. The twin of
 * `legato/session/outbox.py`; both run `tests/vectors/outbox`.
 *
 * A batch keeps its sequence and its bytes: sent again after every resume, it is done once, because the store
 * knows the last 64 sequences of each producer; so at most 64 are in flight, and none overtakes another. What was
 * acknowledged in the last ten seconds is kept too, to be sent again if the log lost its tail.
 *
 * A refusal is *passing* (the same batch is sent again, after `retry_after_ms`, and with it what was sent behind it) or
 * *lasting* (it is settled). After `too_fast` there is a pace (`pace.ts`). What is refused of those that were sent behind the
 * refused one says nothing new: they are in line again already. Of a `sequence_gap` the batches from the expected one on are sent again; if not all of them wait here, the outbox is `stranded`
 * and gives nothing more until the connection is `opened` anew and says what the log holds.
 * Pure: no clock, no storage; `saved()` is plain data. `now` is this page's monotonic ms.
 */

import { Pace } from "./pace";

/** Batches in flight at most. */
export const WINDOW = 64;
const REMEMBERED_MS = 10_000;
const REMEMBERED = 256;

/** What is sent: `raw` is the `do` envelope, byte for byte. */
export interface Batch {
  readonly seq: number;
  readonly raw: string;
}
export interface SavedOutbox {
  readonly next: number;
  readonly waiting: readonly Batch[];
}
export interface Refusal {
  readonly reason: string;
  readonly expected?: number;
  readonly retry_after_ms?: number;
}
interface Waiting {
  readonly batch: Batch;
  sent: boolean;
  notBefore: number;
}

/** Reasons after which the same batch is sent again. */
const PASSING: ReadonlySet<string> = new Set([
  "sequence_gap",
  "resume_first",
  "too_fast",
  "overloaded",
  "unavailable",
  "lost_race",
]);

export class Outbox {
  private nextSeq: number;
  private waiting: Waiting[];
  private done: { readonly at: number; readonly batch: Batch }[] = [];
  private refusedSeqs: readonly number[] = [];
  private readonly pace = new Pace();
  /** Whether the log waits for a batch that is not here: only a connection that is opened anew helps. */
  stranded = false;

  constructor(saved: SavedOutbox = { next: 1, waiting: [] }) {
    this.nextSeq = saved.next;
    this.waiting = saved.waiting.map(fresh);
  }

  /** What to keep over a reload; to be written before what `take` gives is sent. */
  saved(): SavedOutbox {
    return { next: this.nextSeq, waiting: this.pending() };
  }

  /** Whether the log has everything. */
  get idle(): boolean {
    return this.waiting.length === 0;
  }

  /** The sequence that the next batch will have. */
  get next(): number {
    return this.nextSeq;
  }

  /** Put a batch in line; `raw` carries the sequence `next`. */
  put(raw: string): Batch {
    const batch = { seq: this.nextSeq++, raw };
    this.waiting.push(fresh(batch));
    return batch;
  }

  /** Batches to send now, in order; each is given once, until something calls for it again. */
  take(now: number): Batch[] {
    const out: Batch[] = [];
    if (this.stranded) return out;
    const allowed = this.pace.allowed(now, WINDOW);
    for (const each of this.waiting.slice(0, WINDOW)) {
      if (each.notBefore > now || out.length === allowed) break;
      if (each.sent) continue;
      each.sent = true;
      out.push(each.batch);
    }
    this.pace.sent(out.length);
    return out;
  }

  /** When `take` has something that had to wait; null if it has nothing, or has it now already. */
  nextDeadline(): number | null {
    const held = this.waiting.slice(0, WINDOW).find((each) => !each.sent);
    const at = this.stranded || held === undefined ? 0 : Math.max(held.notBefore, this.pace.at);
    return at === 0 ? null : at;
  }

  /** A connection opened the producer's epoch; the log holds everything up to `last`. Returns what that settles; the rest
   * is sent again. */
  opened(last: number, now: number): Batch[] {
    this.discontinued(last, now); // acknowledged, and lost before the events came
    this.nextSeq = Math.max(this.nextSeq, last + 1);
    const settled = this.pending().filter((batch) => batch.seq <= last);
    for (const batch of settled) this.acked(batch.seq, now);
    this.pace.free();
    this.waiting = this.pending().map(fresh);
    return settled;
  }

  /** The log has batch `seq`. Null if it was settled before. */
  acked(seq: number, now: number): Batch | null {
    const batch = this.settled(seq);
    if (batch === null) return null;
    const recent = this.done.filter((each) => each.at > now - REMEMBERED_MS);
    this.done = [...recent, { at: now, batch }].slice(-REMEMBERED);
    this.pace.acked();
    return batch;
  }

  /** Batch `seq` was refused. Returns it if that is lasting; null if it is sent again, or unknown. `drawn`, from [0, 1),
   * says how much longer than asked it waits. */
  refused(seq: number, refusal: Refusal, now: number, drawn = 0): Batch | null {
    if (!PASSING.has(refusal.reason)) {
      const batch = this.settled(seq);
      if (batch !== null) this.refusedSeqs = [...this.refusedSeqs, seq].slice(-REMEMBERED);
      return batch;
    }
    const found = this.waiting.find((each) => each.batch.seq === seq);
    if (found === undefined) return null;
    const gap = refusal.reason === "sequence_gap";
    const first = gap ? (refusal.expected ?? -1) : seq;
    if (gap) this.stranded = !this.fills(first, seq);
    if (!found.sent) return null;
    if (refusal.reason === "too_fast") this.pace.slow(refusal.retry_after_ms ?? 0, now, drawn);
    else found.notBefore = now + Math.max(refusal.retry_after_ms ?? 0, 1);
    for (const each of this.waiting) if (each.batch.seq >= first) each.sent = false;
    return null;
  }

  /**
   * The log lost its tail and holds this producer's batches up to `last`. Returns what was acknowledged in the last
   * ten seconds and is lost: it is in line again, in order, and so is all that was in flight.
   */
  discontinued(last: number, now: number): Batch[] {
    const lost = this.done.filter((each) => each.batch.seq > last && each.at > now - REMEMBERED_MS);
    this.done = this.done.filter((each) => !lost.includes(each));
    const again = lost.map((each) => each.batch);
    this.waiting = [...again, ...this.pending()].sort((a, b) => a.seq - b.seq).map(fresh);
    this.stranded = false;
    return again;
  }

  /** Whether what waits, and what will be put, goes on from `last` without a hole. If not, the log lost batches that are
   * no longer kept here (acknowledged long ago, or refused), and takes nothing until `renumbered`. */
  follows(last: number): boolean {
    let expected = last + 1;
    for (const { batch } of this.waiting) {
      if (batch.seq > expected) return false;
      expected = Math.max(expected, batch.seq + 1);
    }
    return this.nextSeq <= expected;
  }

  /** How many sequences after `last` were settled and are gone, if the log holds nothing of this producer after `last`.
   * Those of which it is known that they were refused do not count; over a restart that is forgotten. */
  missing(last: number): number {
    const kept = new Set([...this.pending().map((batch) => batch.seq), ...this.refusedSeqs]);
    return this.nextSeq - 1 - last - [...kept].filter((seq) => seq > last).length;
  }

  /**
   * Go on after `last`, giving what waits new sequences; `raw` writes a batch's envelope anew. Right only after `opened`,
   * when the log holds nothing of this producer after `last` and nothing sent before can still reach it.
   */
  renumbered(last: number, raw: (seq: number, batch: Batch) => string): void {
    const waiting = this.pending();
    this.nextSeq = last + 1;
    this.waiting = [];
    this.done = this.done.filter((each) => each.batch.seq <= last);
    this.refusedSeqs = this.refusedSeqs.filter((seq) => seq <= last);
    for (const batch of waiting) this.put(raw(this.nextSeq, batch));
  }

  /** What is not settled, oldest first. */
  pending(): Batch[] {
    return this.waiting.map((each) => each.batch);
  }

  /** Whether all from `first` on up to `before` wait here. */
  private fills(first: number, before: number): boolean {
    const held = this.waiting.filter(({ batch }) => first <= batch.seq && batch.seq < before).length;
    return 0 < first && first < before && held === before - first;
  }

  private settled(seq: number): Batch | null {
    const found = this.waiting.find((each) => each.batch.seq === seq);
    if (found === undefined) return null;
    this.waiting = this.waiting.filter((each) => each !== found);
    if (this.waiting.length === 0) this.pace.free();
    return found.batch;
  }
}

function fresh(batch: Batch): Waiting {
  return { batch, sent: false, notBefore: 0 };
}
