/**
 * How long a hub that has too much to do is left alone. It says how long (`retry_after_ms`); each time it says so again
 * within half a minute that doubles, to 15 s, and up to half more is drawn. Pure.
 */

/** The longest wait, less what is drawn, and after how long the hub is asked as if for the first time. */
const LONGEST = 15_000;
const RESTED_MS = 30_000;
const MOST_TIMES = 16;

export class Rest {
  private times = 0;
  private at = 0;

  /** `random` draws from [0, 1). */
  constructor(private readonly random: () => number) {}

  /** How long to wait from `now` on, where the hub asked for so long. */
  after(asked: number, now: number): number {
    this.times = this.times > 0 && now - this.at < RESTED_MS ? Math.min(this.times + 1, MOST_TIMES) : 1;
    this.at = now;
    const full = Math.max(asked, Math.min(asked * 2 ** (this.times - 1), LONGEST));
    return this.times === 1 ? asked : Math.floor(full * (1 + this.random() / 2));
  }
}
