/// <reference types="vite/client" />
// For who checks this source with settings of their own: the types of `?worker&url`.
/**
 * Silences the loudspeaker while somebody speaks into it: at once when this page hears it, and whenever the hub says so.
 * Where several people hear each other the page does not judge: it would silence them, too.
 */
import type { Session } from "../client";
import type { State } from "../client/generated";
import { Alarm, type Effect } from "./alarm";
import type { Output } from "./output";
import type { Microphone } from "./microphone";
import type { Suspicion } from "./onset.worklet";
import worklet from "./onset.worklet.ts?worker&url";
import type { Playout } from "./playout";

export class Hush {
  private readonly alarm = new Alarm();
  private ear: AudioWorkletNode | null = null;
  private asked = false;

  constructor(
    private readonly session: Session,
    private readonly output: Output,
    private readonly microphone: Microphone,
    private readonly playout: Playout,
  ) {
    session.onSignals((signals) => signals.forEach(({ name }) => this.told(name)));
  }

  /** Hear for yourself from here on, if this browser can. */
  async listen(): Promise<void> {
    const { context } = this.output;
    if (this.asked || context.audioWorklet === undefined) return;
    this.asked = true;
    try {
      await context.audioWorklet.addModule(worklet);
    } catch {
      return; // without it the hub hears for us
    }
    this.ear = new AudioWorkletNode(context, "suspicion", { numberOfInputs: 2, numberOfOutputs: 1 });
    this.ear.port.onmessage = ({ data }: MessageEvent<Suspicion>) => data && this.suspected();
    this.microphone.tap(this.ear);
    this.output.tap(this.ear, 1);
    // A node whose sound goes nowhere may not be asked for any.
    this.ear.connect(context.destination);
  }

  /** Time passed. */
  tick(): void {
    this.perform(this.alarm.expire(performance.now()));
  }

  private suspected(): void {
    if (!several(this.session.view.state)) this.perform(this.alarm.suspected(performance.now()));
  }

  private told(name: unknown): void {
    if (name === "mute") this.perform(this.alarm.mute());
    else if (name === "unmute") this.perform(this.alarm.unmute(performance.now()));
  }

  private perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect === "mute") {
        this.output.mute();
        this.playout.silence();
      } else if (effect === "unmute") {
        this.playout.sound();
        this.output.unmute();
      } else if (effect === "tell") {
        this.session.signal("suspected", true);
      } else {
        this.ear?.port.postMessage(effect === "wrong");
      }
    }
  }
}

/** Whether more than one person listens. */
export function several(state: State): boolean {
  const listeners = Object.values(state.attachments).filter(({ takes }) => takes?.includes("audio"));
  return new Set(listeners.map(({ participant }) => participant)).size > 1;
}
