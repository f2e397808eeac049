/**
 * This device on hold: nothing is played here, nothing is heard of its microphone, until its person goes on. The session
 * says so, so that it outlives calls, connections and reloads; what this page does of it, it does before the hub knows.
 */
import type { Session } from "../client";
import { of } from "../client/state";
import type { Microphone } from "./microphone";
import type { Output } from "./output";
import type { Playout } from "./playout";

export class Hold {
  private asked: boolean | null = null;

  constructor(
    private readonly session: Session,
    private readonly output: Output,
    private readonly microphone: Microphone,
    private readonly playout: Playout,
  ) {
    session.onChange(() => this.look());
  }

  /** Put it on hold, or go on; without sound, nothing comes of it. */
  async set(holds: boolean): Promise<void> {
    this.asked = holds;
    this.apply(holds);
    await this.session.hold(holds).catch(() => undefined);
    if (this.asked === holds) this.asked = null;
    this.look();
  }

  private look(): void {
    const { state, attachment } = this.session.view;
    if (this.asked === null) this.apply(of(state.attachments, attachment)?.holds === true);
  }

  private apply(holds: boolean): void {
    if (holds === this.microphone.held) return;
    // What was heard is told before the hub hears that no more is.
    this.output.hold("hold", holds);
    this.playout.hold(holds);
    this.microphone.hold(holds);
  }
}
