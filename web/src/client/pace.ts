/**
 * How fast an outbox sends to a hub that says `too_fast`. The twin of `legato/session/pace.py`, where the why is.
 *
 * After the wait that the hub asked for and up to half more, batches go one after another, a *distance* apart: first what
 * it asked for, a quarter more each time that it says so again, one ms less after each 128 acknowledgements; until all is
 * acknowledged. Pure; `now` is this page's monotonic ms.
 */

/** The first distance at most, and the largest one, ms; how many acknowledgements bring it down by one. */
const FIRST_MOST = 10;
const MOST = 40;
const EASED = 128;

export class Pace {
  private distance = 0;
  private count = 0;
  /** When the next batch may go; 0 without a pace. */
  at = 0;

  /** The hub wants nothing for `asked` ms. `drawn`: from [0, 1). */
  slow(asked: number, now: number, drawn: number): void {
    const wait = Math.max(asked, 1);
    const further = this.distance + Math.max(Math.floor(this.distance / 4), 1);
    this.distance = this.distance > 0 ? Math.min(further, MOST) : Math.min(wait, FIRST_MOST);
    this.at = now + wait + Math.floor((wait * drawn) / 2);
    this.count = 0;
  }

  /** The log has one more. */
  acked(): void {
    this.count += 1;
    if (this.count < EASED) return;
    this.count = 0;
    if (this.distance > 1) this.distance -= 1;
  }

  /** Nothing waits, or another connection counts from now on. */
  free(): void {
    this.distance = 0;
    this.at = 0;
    this.count = 0;
  }

  /** How many may go now, of `most`. */
  allowed(now: number, most: number): number {
    if (this.distance === 0) return most;
    return now < this.at ? 0 : Math.min(most, 1 + Math.floor((now - this.at) / this.distance));
  }

  /** So many went. */
  sent(batches: number): void {
    this.at += batches * this.distance;
  }
}
