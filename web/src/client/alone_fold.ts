/** What the log says of an agent that nobody attends (a part of `fold`). Twin of `legato/session/alone_fold.py`. */
import { attends } from "./away_fold";
import type { Of } from "./fold";
import type { Alone, Attachment, State } from "./generated";
import { filled, of } from "./state";

const LABEL = "budget_unattended";

type Attachments = Readonly<Record<string, Attachment>>;
type When = { readonly time: number; readonly offset: number };

function somebodyHere(state: State, attachments: Attachments): boolean {
  return Object.values(attachments).some((one) => one.away_since === 0 && attends(state, one.participant));
}

/** `now`: the attachments after the event. */
export function peopleWent(state: State, now: Attachments, { time: since, offset: at }: When): Partial<State> {
  const went = somebodyHere(state, state.attachments) && !somebodyHere(state, now);
  return went && of(state.labels, LABEL) !== undefined ? { alone: { ...(state.alone ?? none()), since, at } } : {};
}

export function peopleCame(state: State, now: Attachments, { time: back }: When): Partial<State> {
  const { alone } = state;
  if (alone === null || alone.since === 0 || !somebodyHere(state, now)) return {};
  const waits = alone.paused !== "" && alone.paused === state.paused;
  return { alone: waits ? { ...alone, since: 0, at: 0, back } : null };
}

/** The hub pauses for want of people only; who else pauses or goes on decides it from there. */
export function paced(state: State, { by, response, asked, offset }: Of<"steering_requested">): Partial<State> {
  const { alone } = state;
  if (by === "hub" && asked === "pause") return { alone: { ...(alone ?? none()), paused: response, paused_at: offset } };
  if (alone === null) return {};
  return { alone: alone.since === 0 ? null : filled("Alone", { since: alone.since, at: alone.at }) };
}

/** What waited as `before` waits as `response`: another worker took it up. */
export function begunAnew(state: State, before: string, response: string): Partial<State> {
  return state.alone?.paused === before ? { alone: { ...state.alone, paused: response } } : {};
}

function none(): Alone {
  return filled("Alone", {});
}
