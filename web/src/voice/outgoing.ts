/**
 * A capture's frames on their way into a call's packets, one for one. Pure.
 *
 * Both come in bursts of their own, so some frames wait; but as many go as come, so what waits would wait for ever, and
 * everybody would hear it late. If for a second there was never less than so much, that much is let go: it is not lost,
 * for what the hub is missing it asks for.
 */
export interface Timed {
  readonly mediaTime: number;
  readonly frame: Uint8Array<ArrayBuffer>;
}

const LOOK = 50;
/** Frames that wait at most, whatever happens. */
export const MOST_WAITING = 15;

export class Outgoing {
  private waiting: Timed[] = [];
  private taken = 0;
  private least = Infinity;

  /** Another capture begins: what waits is none of it, and its times mean something else there. */
  clear(): void {
    this.waiting = [];
  }

  put(frame: Timed): void {
    this.waiting.push(frame);
    if (this.waiting.length > MOST_WAITING) this.waiting.shift();
  }

  /** What the next packet carries, if anything is there. */
  next(): Timed | undefined {
    const found = this.waiting.shift();
    this.least = Math.min(this.least, this.waiting.length);
    if (++this.taken >= LOOK) {
      this.waiting = this.waiting.slice(this.least);
      this.taken = 0;
      this.least = Infinity;
    }
    return found;
  }
}
