/**
 * The producer's side: batches wait here until the log has them.
 *
 * A batch keeps its sequence and its bytes for ever: sent again after every resume, it is done once. What was
 * acknowledged in the last ten seconds is kept too, to be sent again if the log lost its tail.
 * Pure: no clock, no storage; `saved()` is plain data.
 */
import type { Command, DownRefused } from "./generated";

/** Batches that may be in flight: the store remembers as many. */
export const WINDOW = 64;
const REMEMBERED_MS = 10_000;

export interface Batch {
  readonly seq: number;
  /** The `do` envelope, byte for byte. */
  readonly raw: string;
  readonly commands: readonly Command[];
}
interface Waiting extends Batch {
  sent: boolean;
  notBefore: number;
}
export interface SavedOutbox {
  next: number;
  waiting: Batch[];
}

/** Refusals after which the same batch is sent again. */
const PASSING = new Set(["sequence_gap", "resume_first", "too_fast", "overloaded", "unavailable", "lost_race"]);

export class Outbox {
  private next: number;
  private waiting: Waiting[];
  private done: { batch: Batch; at: number }[] = [];

  constructor(saved: SavedOutbox = { next: 1, waiting: [] }) {
    this.next = saved.next;
    this.waiting = saved.waiting.map((batch) => ({ ...batch, sent: false, notBefore: 0 }));
  }

  /** What to keep over a reload. */
  saved(): SavedOutbox {
    return {
      next: this.next,
      waiting: this.waiting.map(({ seq, raw, commands }) => ({ seq, raw, commands })),
    };
  }

  /** Put a batch in line. */
  put(commands: readonly Command[]): Batch {
    const seq = this.next++;
    const batch = { seq, commands, raw: JSON.stringify({ type: "do", seq, commands }) };
    this.waiting.push({ ...batch, sent: false, notBefore: 0 });
    return batch;
  }

  /** Batches to send now, in order: at most `WINDOW` are in flight, and none overtakes another. */
  take(now: number): string[] {
    const out: string[] = [];
    let place = 0;
    for (const batch of this.waiting) {
      if (++place > WINDOW || batch.notBefore > now) break;
      if (!batch.sent) {
        batch.sent = true;
        out.push(batch.raw);
      }
    }
    return out;
  }

  /** When `take` next has something that had to wait. */
  nextDeadline(): number | null {
    const held = this.waiting.find((batch) => !batch.sent);
    return held !== undefined && held.notBefore > 0 ? held.notBefore : null;
  }

  /** A connection opened the producer's epoch; the log holds everything up to `last`. Returns what that settles. */
  opened(last: number, now: number): Batch[] {
    this.next = Math.max(this.next, last + 1);
    const settled = this.waiting.filter((batch) => batch.seq <= last);
    for (const batch of settled) this.settle(batch.seq, now);
    for (const batch of this.waiting) batch.sent = false;
    return settled;
  }

  /** The log has batch `seq`. */
  acked(seq: number, now: number): Batch | null {
    return this.settle(seq, now);
  }

  /** Batch `seq` was refused. Returns it when that is final; null when it will be sent again. */
  refused(refusal: DownRefused, now: number): Batch | null {
    const batch = this.waiting.find((one) => one.seq === refusal.seq);
    if (batch === undefined) return null;
    if (!PASSING.has(refusal.reason)) return this.settle(refusal.seq, now, false);
    const from = refusal.reason === "sequence_gap" && (refusal.expected ?? -1) > 0 ? refusal.expected! : refusal.seq;
    for (const later of this.waiting) {
      if (later.seq < from) continue;
      later.sent = false;
      if (later.seq === refusal.seq) later.notBefore = now + Math.max(refusal.retry_after_ms ?? 0, 1);
    }
    return null;
  }

  /** The log lost its tail and holds this producer up to `last`: what was acknowledged lately goes again, in order. */
  discontinued(last: number, now: number): void {
    const again = this.done.filter((one) => one.batch.seq > last && one.at > now - REMEMBERED_MS);
    this.done = this.done.filter((one) => !again.includes(one));
    const known = new Set(this.waiting.map((batch) => batch.seq));
    const back = again.filter((one) => !known.has(one.batch.seq)).map((one) => ({ ...one.batch, sent: false, notBefore: 0 }));
    this.waiting = [...back, ...this.waiting].sort((a, b) => a.seq - b.seq);
    for (const batch of this.waiting) batch.sent = false;
  }

  /** What still waits, oldest first. */
  pending(): readonly Batch[] {
    return this.waiting;
  }

  private settle(seq: number, now: number, remember = true): Batch | null {
    const batch = this.waiting.find((one) => one.seq === seq);
    if (batch === undefined) return null;
    this.waiting = this.waiting.filter((one) => one !== batch);
    if (remember) {
      const plain = { seq: batch.seq, raw: batch.raw, commands: batch.commands };
      this.done = [...this.done.filter((one) => one.at > now - REMEMBERED_MS), { batch: plain, at: now }].slice(-256);
    }
    return batch;
  }
}
