/**
 * The clock of a capture: which frame of 20 ms each sample belongs to, in media time (samples at 48 kHz). Pure.
 *
 * A microphone hands out pieces of sound with the time of each. Samples are counted; where the times say that some are
 * missing (a device that was changed, a machine that slept), the frame that is open is filled up with silence, less
 * than 20 ms, and the clock goes on at the next frame that the time allows. So a hole is a hole, and whole frames long.
 * That the device's own clock is off (some hundred ppm) is no hole, however long it runs: each piece is held against the
 * one before it alone. Who puts tracks side by side makes good for it (`media/drift.py`).
 */

/** Samples of a frame, at 48 kHz. */
export const FRAME = 960;
const FRAMES_A_SECOND = 50;
const MICROSECONDS = 1_000_000;

/** What to do with a piece: how many samples of silence (at its own rate) go before it. */
export interface Taken {
  readonly silence: number;
}

export class CaptureClock {
  /** Media times of the frames that are full or open and not encoded yet. */
  private waiting: number[] = [];
  private next = 0;
  private rate = 0;
  private inFrame = 0;
  private expected: number | null = null;

  /** Media time after the newest frame that has begun. */
  get now(): number {
    return this.next;
  }

  /** A piece of `samples` at `rate`, which began at `timestamp` (microseconds on any clock that does not go back). */
  take(timestamp: number, samples: number, rate: number): Taken {
    const block = rate / FRAMES_A_SECOND;
    const silence = this.rate === 0 ? 0 : this.fill(timestamp, rate, block);
    this.rate = rate;
    this.count(samples, block);
    // Times jitter; only what is missing for a whole frame is believed, and never that time goes back.
    this.expected = Math.max(timestamp + (samples * MICROSECONDS) / rate, this.expected ?? 0);
    return { silence };
  }

  /** The next frame came out of the encoder: its media time. */
  encoded(): number {
    return this.waiting.shift() ?? this.next;
  }

  private fill(timestamp: number, rate: number, block: number): number {
    const missing = this.expected === null ? 0 : Math.round(((timestamp - this.expected) * rate) / MICROSECONDS);
    const changed = rate !== this.rate;
    if (missing < block && !changed) return 0;
    const silence = changed || this.inFrame === 0 ? 0 : block - this.inFrame;
    if (changed && this.inFrame > 0) this.waiting.pop(); // the frame that was open is lost with its encoder
    this.inFrame = 0;
    this.next += Math.max(0, Math.floor((missing - silence) / block)) * FRAME;
    return silence;
  }

  private count(samples: number, block: number): void {
    let left = samples;
    while (left > 0) {
      if (this.inFrame === 0) {
        this.waiting.push(this.next);
        this.next += FRAME;
      }
      const part = Math.min(left, block - this.inFrame);
      this.inFrame = (this.inFrame + part) % block;
      left -= part;
    }
  }
}
