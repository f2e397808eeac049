/**
 * The seam between replayed and live events: the twin of `legato/session/cursor.py`, where the stages are drawn;
 * both run `tests/vectors/cursor`.
 *
 * Whoever follows a log subscribes before reading history, so that nothing falls between the two; the price is
 * that events come twice, and after a broken connection late or not at all. A cursor pays it: each event leaves it
 * once and in the order of offsets. What it holds is bounded: beyond that the farthest is dropped and read again.
 */
export interface Placed {
  /** Dense, from 1. */
  readonly offset: number;
}

export type Stage = "reading" | "live" | "waiting" | "lost";
/** What the caller does next: read after `delivered`, get the snapshot, or find out what the log lost. */
export type Want = "nothing" | "read" | "snapshot" | "resync";

export interface Step<T> {
  readonly deliver: readonly T[];
  readonly want: Want;
}

/** Events that a cursor holds back at most, and earlier epochs that it remembers. */
export const HELD = 1024;
const EPOCHS = 8;

export class Cursor<T extends Placed> {
  stage: Stage = "reading";
  private seen = 0;
  private waiting = new Map<number, T>();
  private past: string[] = [];

  /** Delivers what comes after `delivered`. The caller subscribes, then reads. */
  constructor(
    public epoch: string,
    public delivered: number,
    private readonly most: number = HELD,
  ) {}

  /** How many events are held back. */
  get held(): number {
    return this.waiting.size;
  }

  /** An event of the live subscription, in any order, perhaps again. */
  publish(epoch: string, event: T): Step<T> {
    if (epoch !== this.epoch) return step([], this.past.includes(epoch) ? "nothing" : "resync");
    if (this.stage === "lost" || event.offset <= this.delivered) return step([]);
    this.seen = Math.max(this.seen, event.offset);
    const released = this.inTurn(event);
    if (this.stage !== "live" || this.seen <= this.delivered) return step(released);
    this.stage = "reading";
    return step(released, "read");
  }

  /** A page of history without holes; the log holds `first` to `tail`. */
  replay(page: readonly T[], first: number, tail: number): Step<T> {
    if (this.stage === "lost") return step([]);
    if (tail < this.delivered) {
      this.stage = "lost";
      return step([], "resync");
    }
    this.seen = Math.max(this.seen, tail);
    const released = page.flatMap((event) => (event.offset === this.delivered + 1 ? this.inTurn(event) : []));
    if (this.delivered >= this.seen) {
      this.stage = "live";
      return step(released);
    }
    this.stage = first > this.delivered + 1 ? "waiting" : "reading";
    return step(released, this.stage === "waiting" ? "snapshot" : "read");
  }

  /** The reader was given the state at offset `at`. */
  snapshot(at: number): Step<T> {
    if (this.stage === "lost" || at < this.delivered) return step([]);
    this.delivered = at;
    this.seen = Math.max(this.seen, at);
    this.waiting = new Map([...this.waiting].filter(([offset]) => offset > at));
    this.stage = "reading";
    return step(this.release(), "read");
  }

  /** A read or snapshot failed, or the subscription was made anew: what to ask for (again). */
  askedInVain(): Want {
    if (this.stage === "waiting") return "snapshot";
    if (this.stage === "lost") return "resync";
    this.stage = "reading";
    return "read";
  }

  /** The log goes on as `epoch`, and the reader was given its state at offset `at`. */
  reopened(epoch: string, at: number): Want {
    if (epoch !== this.epoch) {
      this.past = [...this.past, this.epoch].slice(-EPOCHS);
      this.epoch = epoch;
    }
    this.delivered = this.seen = at;
    this.waiting.clear();
    this.stage = "reading";
    return "read";
  }

  private inTurn(event: T): T[] {
    if (event.offset === this.delivered + 1) {
      this.delivered = event.offset;
      this.waiting.delete(event.offset);
      return [event, ...this.release()];
    }
    this.waiting.set(event.offset, event);
    if (this.waiting.size > this.most) this.waiting.delete(Math.max(...this.waiting.keys()));
    return [];
  }

  private release(): T[] {
    const released: T[] = [];
    for (let next = this.next(); next !== undefined; next = this.next()) {
      released.push(next);
      this.delivered = next.offset;
      this.waiting.delete(next.offset);
    }
    return released;
  }

  private next(): T | undefined {
    return this.waiting.get(this.delivered + 1);
  }
}

function step<T>(deliver: readonly T[], want: Want = "nothing"): Step<T> {
  return { deliver, want };
}
