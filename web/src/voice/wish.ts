/**
 * Whether somebody wants the voice here, which a tab remembers over its reload. Who asks for it gets it from another device
 * of theirs; a call that the page makes by itself, anew, takes it from none.
 */
import type { Session } from "../client";
import { playsFor } from "../client/modality";
import { remember, talked } from "./remembered";

export class Wish {
  /** Somebody asked, and has not had it since. */
  private asked = false;

  constructor(
    private readonly session: Pick<Session, "node" | "view">,
    private readonly memory: Storage | null,
  ) {}

  /** They want it from now on; `again`: as before the reload, nobody asked. */
  begin(again: boolean): void {
    remember(this.memory, true);
    this.asked = !again;
  }

  /** Not any more. */
  end(): void {
    remember(this.memory, false);
    this.asked = false;
  }

  /** Whether they wanted it before the reload. */
  get before(): boolean {
    return talked(this.memory);
  }

  /** Whether a call that begins now is only made anew. */
  get again(): boolean {
    return !this.asked;
  }

  /** The voice is live; once the log says that it is here, they have it. A log that is not live may be an old one. */
  look(): void {
    const { node, view } = this.session;
    if (this.asked && node !== "" && playsFor(view.state, view.participant) === view.attachment) this.asked = false;
  }
}
