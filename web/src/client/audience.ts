/** Who attends to a session. Twin of `legato/session/audience.py`, which tells the rules. */
import type { Attachment, KnownEvent, Participant, State } from "./generated";
import { of } from "./state";

/** Somebody who is there, by text or by voice, and whether they attend. */
export interface Attendee {
  readonly participant: string;
  readonly role: Participant["role"];
  readonly modality: "text" | "voice";
  readonly attentive: boolean;
}

/** Events after which others may attend. */
export const MOVES: ReadonlySet<KnownEvent["type"]> = new Set<KnownEvent["type"]>([
  "participant_joined", "participant_left",
  "attachment_opened", "attachment_away", "attachment_back", "attachment_closed", "attention_changed",
  "voice_started", "voice_ended", "stance_changed", "responder_changed",
]);

/** Whether somebody attends by it; that its connection was lost a moment ago is left aside. */
function attends(state: State, attachment: Attachment): boolean {
  const who = of(state.participants, attachment.participant);
  if (who === undefined) return false;
  if (who.role === "operator" || who.role === "supervisor") return state.responder === who.id || who.stance === "barge";
  return who.role === "user" && (attachment.attentive || attachment.call !== "");
}

/** Whether anybody attends and is connected. */
export function somebodyHere(state: State): boolean {
  return Object.values(state.attachments).some((one) => one.away_since === 0 && attends(state, one));
}

/** Who attends and is connected. */
export function attending(state: State): Set<string> {
  return new Set(Object.values(state.attachments).filter((one) => one.away_since === 0 && attends(state, one)).map((one) => one.participant));
}

/** Whether they are somebody who may be told. */
export function takesPart(who: Participant): boolean {
  return who.role !== "agent" && !who.left;
}

/** Everybody but agents with a device that is here, in the order of their ids. */
export function audience(state: State): Attendee[] {
  const here = Object.values(state.attachments).filter((one) => one.away_since === 0);
  const known = Object.values(state.participants).filter((who) => who.role !== "agent" && here.some((one) => one.participant === who.id));
  return known
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, role }) => {
      const devices = here.filter((one) => one.participant === id);
      const sounds = devices.some((one) => one.call !== "" || [...one.takes, ...one.gives].includes("audio"));
      return { participant: id, role, modality: sounds ? "voice" : "text", attentive: devices.some((one) => attends(state, one)) };
    });
}
