/** Which command turns an attachment to voice, to text, or to listening only; and who has a participant's voice. */
import type { Command, DownAttached, Medium } from "./aliases";
import type { Event, State } from "./generated";
import { of } from "./state";

/** `listening`: what is said is heard, and the microphone is nobody's. */
export type Modality = "voice" | "text" | "listening";

const TEXT: readonly Medium[] = ["text"];
const VOICE: readonly Medium[] = ["text", "audio"];
const MEDIA: Record<Modality, { readonly takes: readonly Medium[]; readonly gives: readonly Medium[] }> = {
  voice: { takes: VOICE, gives: VOICE },
  text: { takes: TEXT, gives: TEXT },
  listening: { takes: VOICE, gives: TEXT },
};

/** The command, with the numbers of the rights that `state` shows: who is slower than another device is refused. */
export function switching(state: State, participant: string, modality: Modality): Command {
  const { takes, gives } = MEDIA[modality];
  const number = (right: string): number => of(state.rights, `${right}:${participant}`)?.token ?? 0;
  return { type: "change_modality", takes: [...takes], gives: [...gives], playout: number("playout"), microphone: number("microphone") };
}

const HURRIED_BEAT_MS = 1_000;

/**
 * Whether a dead connection would be missed at once: in voice, while an answer comes, and while the log does not have
 * all that was said (`unsettled`).
 */
export function hurried(state: State, attachment: string, unsettled: boolean): boolean {
  return unsettled || midstOf(state, attachment) !== "";
}

/** How often a connection is to be heard of, ms: each second where that is urgent. */
export function beatOf({ beat_ms: beat }: DownAttached, urgent: boolean): number {
  return urgent ? Math.min(beat, HURRIED_BEAT_MS) : beat;
}

/** What the attachment is in the midst of, for its next connection's `was`. */
export function midstOf(state: State, attachment: string): "" | "streaming" | "voice" {
  if (voiced(state, attachment)) return "voice";
  return Object.keys(state.responses).length > 0 ? "streaming" : "";
}

function voiced(state: State, attachment: string): boolean {
  const known = of(state.attachments, attachment);
  return known !== undefined && [...known.takes, ...known.gives].includes("audio");
}

/** Whether the participant has put itself on hold: it hears nobody and nobody hears it, on any device. */
export function onHold(state: State, participant: string): boolean {
  const sounding = Object.values(state.attachments).filter(
    (one) => one.participant === participant && one.away_since === 0 && [...one.takes, ...one.gives].includes("audio"),
  );
  return sounding.length > 0 && sounding.every((one) => one.holds);
}

/** The attachment that plays a participant's sound; "" if none does. */
export function playsFor(state: State, participant: string): string {
  const right = of(state.rights, `playout:${participant}`);
  return right !== undefined && right.holder !== "" ? right.attachment : "";
}

/**
 * Whether these events say that the voice of this attachment is another one's now. `state` may be as it was before them, and
 * the loss is said before the grant.
 */
export function takenFrom(view: { state: State; participant: string; attachment: string }, events: readonly Event[]): boolean {
  const { state, participant, attachment } = view;
  const silent = (takes: unknown): boolean => Array.isArray(takes) && !takes.includes("audio");
  const lost = events.some((one) => one.type === "modality_changed" && one["attachment"] === attachment && silent(one["takes"]));
  if (!lost) return false;
  const granted = events.findLast((one) => one.type === "right_granted" && one["right"] === `playout:${participant}`);
  const owner = granted === undefined ? playsFor(state, participant) : (granted as { attachment?: unknown }).attachment;
  return owner !== "" && owner !== undefined && owner !== attachment;
}
