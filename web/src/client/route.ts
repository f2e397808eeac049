/**
 * Which wire to take: a WebSocket, until it could not be opened twice in a row; then a stream. Pure.
 *
 * A hub that is down refuses both alike, so a stream is never for good: each failure of one asks for the other
 * again, and while a stream carries the session it says when to look whether a WebSocket gets through by now.
 */
export type Way = "socket" | "stream";

const TWICE = 2;
const FIRST_LOOK_MS = 3_000;
const LONGEST_LOOK_MS = 60_000;

export class Route {
  private failures = 0;
  private look = FIRST_LOOK_MS;

  /** `only`: take this way whatever happens. */
  constructor(private readonly only: Way | null = null) {}

  /** The way to take now. */
  get way(): Way {
    return this.only ?? (this.failures >= TWICE ? "stream" : "socket");
  }

  /** The wire got through: something came. */
  carried(): void {
    if (this.way === "socket") this.failures = 0;
  }

  /** The wire ended before anything came. */
  failed(): void {
    this.failures = this.way === "stream" ? TWICE - 1 : this.failures + 1;
  }

  /** While a stream carries: in how many ms to look for a WebSocket; null if that is not wanted. */
  nextLook(): number | null {
    if (this.only !== null || this.way === "socket") return null;
    const wait = this.look;
    this.look = Math.min(this.look * 2, LONGEST_LOOK_MS);
    return wait;
  }

  /** A WebSocket got through after all. */
  found(): void {
    this.failures = 0;
    this.look = FIRST_LOOK_MS;
  }
}
