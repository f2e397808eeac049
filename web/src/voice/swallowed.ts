/**
 * What a dead path swallows while the session is away, too: nobody tells the hub, which speaks on into it. So nothing
 * that comes by it later is heard until the session is back, and this page calls anew from what it heard last; or until
 * that takes too long.
 */
import type { Output } from "./output";
import type { Playout } from "./playout";

/** How long what comes by the path again waits for the session, ms. */
const WAITS_MS = 10_000;

export class Swallowed {
  /** Whether the hub has not heard of it yet. */
  pending = false;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly output: Pick<Output, "hold">,
    private readonly playout: Pick<Playout, "lose" | "ready">,
  ) {}

  /** The path is lost, and there is no other. */
  lost(): void {
    if (!this.pending) this.set(true);
  }

  /** Frames come by it again. */
  returned(): void {
    if (this.pending) this.timer ??= setTimeout(() => this.giveUp(), WAITS_MS);
  }

  /** Another path sounds in its place, or nothing is to sound any more. */
  over(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.pending) this.set(false);
  }

  /** Let be heard what comes. */
  private giveUp(): void {
    this.over();
    this.playout.ready(true);
  }

  private set(pending: boolean): void {
    this.pending = pending;
    // What was heard is told before nothing is.
    this.playout.lose(pending);
    this.output.hold("lost", pending);
  }
}
