/**
 * Whether this page shows the session to somebody: it says that it does not after it was hidden for a while, and that it
 * does as soon as it is seen. Only a user's page is asked. A pure machine; `tellAttention` does what it says.
 */
import type { Command } from "./aliases";
import { now } from "./driver";
import { of } from "./state";
import type { View } from "./view";

/** A glance at another tab is nothing to speak of. */
export const HIDDEN_MS = 10_000;

export class Attention {
  private since: number | null = null;
  private asked: boolean | null = null;

  /** The page is seen or hidden, at `now` (ms). */
  shown(visible: boolean, now: number): void {
    this.since = visible ? null : (this.since ?? now);
  }

  /** What is to be said at `now`, where the log has it otherwise; once, until the log has it. */
  due({ state, phase, participant, attachment }: View, now: number): Command | null {
    const known = of(state.attachments, attachment);
    if (phase !== "live" || known === undefined || of(state.participants, participant)?.role !== "user") return null;
    const attentive = this.since === null || now < this.since + HIDDEN_MS;
    if (known.attentive === this.asked) this.asked = null;
    if (attentive === known.attentive || attentive === this.asked) return null;
    this.asked = attentive;
    return { type: "change_attention", attentive };
  }

  /** Asking failed: it may be said again. */
  failed(): void {
    this.asked = null;
  }

  /** In how many ms from `now` there may be something to say; null: not before the page is hidden or seen. */
  wait(now: number): number | null {
    return this.since === null || now >= this.since + HIDDEN_MS ? null : this.since + HIDDEN_MS - now;
  }
}

/** What is needed of a `Session`. */
interface Shown {
  readonly view: View;
  do(commands: readonly Command[]): Promise<string>;
  onChange(listener: () => void): () => void;
}

/** Say it for this page as long as the session lives. */
export function tellAttention(session: Shown): void {
  const attention = new Attention();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    clearTimeout(timer);
    if (session.view.ended !== null) return document.removeEventListener("visibilitychange", look);
    attention.shown(document.visibilityState === "visible", now());
    const command = attention.due(session.view, now());
    if (command !== null) session.do([command]).catch(() => attention.failed());
    const wait = attention.wait(now());
    if (wait !== null) timer = setTimeout(look, wait);
  };
  document.addEventListener("visibilitychange", look);
  session.onChange(look);
  look();
}
