/** What a page shows of its voice. */
import type { Microphone, MicrophoneState } from "./microphone";

export type VoiceState = "off" | "calling" | "live" | "failed";

export interface VoiceView {
  readonly state: VoiceState;
  readonly microphone: MicrophoneState;
  readonly muted: boolean;
  /** Its person put this device on hold. */
  readonly held: boolean;
  readonly device: string;
  /** The microphone that was chosen last could not be opened: the one before goes on. */
  readonly refusedAnother: boolean;
  /** What carries the voice: a call, or (where none gets through) the session's own connection. */
  readonly way: "call" | "connection";
  /** The browser wants a tap before it lets this page sound. */
  readonly needsTap: boolean;
  /** What a person can do about what is wrong, if anything is. */
  readonly advice: string;
}

const ADVICE: Partial<Record<MicrophoneState, string>> = {
  denied: "The browser does not let this page use the microphone: allow it beside the address. You hear the agent, and typing works.",
  absent: "There is no microphone here. You hear the agent, and typing works.",
  lost: "The microphone was unplugged. Plug it in again, or type.",
};

/** How it stands: the voice, its microphone, what carries it, and whether this page may sound. */
export function viewOf(
  state: VoiceState,
  microphone: Pick<Microphone, "state" | "muted" | "held" | "device" | "refusedAnother">,
  way: VoiceView["way"],
  sounds: boolean,
): VoiceView {
  const failed = state === "failed" ? "Voice does not get through here. Typing works." : "";
  const advice = failed || (state !== "off" ? (ADVICE[microphone.state] ?? "") : "");
  const { muted, held, device, refusedAnother } = microphone;
  const needsTap = state === "live" && !sounds;
  return { state, microphone: microphone.state, muted, held, device, refusedAnother, way, needsTap, advice };
}

/** What is shown now, and who is told when that changes. */
export class Views {
  private readonly listeners = new Set<(view: VoiceView) => void>();

  constructor(public current: VoiceView) {}

  /** Called now and with every change; returns how to stop. */
  onChange(listener: (view: VoiceView) => void): () => void {
    this.listeners.add(listener);
    listener(this.current);
    return () => this.listeners.delete(listener);
  }

  show(view: VoiceView): void {
    this.current = view;
    for (const listener of this.listeners) listener(view);
  }
}
