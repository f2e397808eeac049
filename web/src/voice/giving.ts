/**
 * The voice moves to another device of this person: this page falls silent at once and says what it played last, so that
 * the other goes on from that very frame. If the voice does not move after all, this page sounds again.
 */
import type { Session } from "../client";
import type { Output } from "./output";
import type { Playout } from "./playout";

/** How long this page waits for its voice to go, ms: a little less than the hub. */
export const MOVES_MS = 900;

export class Giving {
  private timer: ReturnType<typeof setTimeout> | null = null;

  /** `on`: whether the voice is on here. */
  constructor(
    private readonly session: Pick<Session, "view" | "onSignals">,
    private readonly output: Pick<Output, "hold">,
    private readonly playout: Pick<Playout, "give">,
    private readonly on: () => boolean,
  ) {
    session.onSignals((signals) => {
      for (const { by, name, data } of signals) if (by === "hub" && name === "moving" && this.mine(data)) this.give();
    });
  }

  /** It has gone, or it has not. */
  over(): void {
    if (this.timer === null) return;
    clearTimeout(this.timer);
    this.timer = null;
    this.playout.give(false);
    this.output.hold("moving", false);
  }

  private give(): void {
    if (!this.on()) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => this.over(), MOVES_MS);
    this.output.hold("moving", true);
    this.playout.give(true);
  }

  private mine(data: unknown): boolean {
    if (typeof data !== "object" || data === null) return false;
    const { participant, attachment } = data as Record<string, unknown>;
    return participant === this.session.view.participant && attachment !== this.session.view.attachment;
  }
}
