/** What the log says of an agent that nobody attends (a part of `fold`). Twin of `legato/session/alone_fold.py`. */
import { somebodyHere } from "./audience";
import type { Of } from "./fold";
import type { Alone, State } from "./generated";
import { filled, of } from "./state";

const LABEL = "budget_unattended";

type When = { readonly time: number; readonly offset: number };

/** Others may attend, in `after`. An answer that waits only for that is still to be told to go on. */
export function aloneFrom(before: State, after: State, { time, offset: at }: When): Partial<State> {
  const { alone } = after;
  if (somebodyHere(after)) {
    if (alone === null || alone.since === 0) return {};
    const waits = alone.paused !== "" && alone.paused === after.paused;
    return { alone: waits ? { ...alone, since: 0, at: 0, back: time } : null };
  }
  return somebodyHere(before) && of(after.labels, LABEL) !== undefined ? { alone: { ...(alone ?? none()), since: time, at } } : {};
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
