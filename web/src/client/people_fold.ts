/** What the log says of people who listen in, help and answer (a part of `fold`). Twin of `legato/session/people_fold.py`. */
import { KEPT_DRAFTS, KEPT_HELPED, KEPT_NOTED, KEPT_PASSED, KEPT_PROMISES, KEPT_TOLD, KEPT_TOOLS, KEPT_WHISPERS } from "./bounds";
import type { Handlers } from "./fold";
import type { Draft, Help, Promised, State } from "./generated";
import { filled, of, put, without } from "./state";

type Mine =
  | "stance_changed" | "whispered" | "reply_drafted" | "draft_used" | "draft_dismissed" | "users_held" | "users_released" | "responder_changed" | "human_requested"
  | "human_request_withdrawn" | "session_reserved" | "reservation_ended" | "wrapped_up" | "promise_made" | "promise_withdrawn" | "human_request_told";

const PEOPLE: ReadonlySet<string> = new Set(["operator", "supervisor"]);

/** Whether the participant may answer instead of an agent. */
export function isPerson(state: State, participant: string): boolean {
  return PEOPLE.has(of(state.participants, participant)?.role ?? "");
}

/** The stretch of who answered before is over; a person's begins. */
function stretch(state: State, by: string, at: number, time: number, summary: string): Partial<State> {
  const over = state.help === null ? [] : [{ ...state.help, ended_at: at, until: time, summary }];
  const help = isPerson(state, by) ? filled("Help", { by, at, since: time }) : null;
  return { help, helped: [...state.helped, ...over].slice(-KEPT_HELPED) };
}

/** What changes in the stretch that goes on, of who did it. */
function helping(state: State, by: string, change: (help: Help) => Promised[]): Partial<State> {
  return state.help?.by === by ? { help: { ...state.help, promises: change(state.help) } } : {};
}

/** A tool of that name was started. */
export function toolRan({ help }: State, name: string): Partial<State> {
  return help === null || help.tools.includes(name) ? {} : { help: { ...help, tools: [...help.tools, name].slice(-KEPT_TOOLS) } };
}

/** The drafts without the one of this name. */
function withoutDraft(drafts: readonly Draft[], id: string): Draft[] {
  return drafts.filter((one) => one.id !== id);
}

export const PEOPLE_FOLD: Pick<Handlers, Mine> = {
  stance_changed: (state, { participant, stance }) => {
    const who = of(state.participants, participant);
    return who === undefined ? {} : { participants: put(state.participants, participant, { ...who, stance }) };
  },
  whispered: (state, { offset: at, by, to, text }) => ({ whispers: [...state.whispers, { at, by, to, text }].slice(-KEPT_WHISPERS) }),
  reply_drafted: (state, { draft: id, by, offset: at, text, turn }) =>
    text === "" || !isPerson(state, state.responder)
      ? {}
      : { drafts: [...withoutDraft(state.drafts, id), { id, by, at, text, turn }].slice(-KEPT_DRAFTS) },
  draft_used: ({ drafts }, { draft }) => ({ drafts: withoutDraft(drafts, draft) }),
  draft_dismissed: ({ drafts }, { draft }) => ({ drafts: withoutDraft(drafts, draft) }),
  users_held: (_, { by: held }) => ({ held }),
  users_released: () => ({ held: "" }),
  responder_changed: (state, { participant: responder, briefing, time, offset }) => {
    const before = state.responder;
    const owes = before !== responder && isPerson(state, before);
    const wrap_ups = owes ? put(state.wrap_ups, before, time) : state.wrap_ups;
    const found = isPerson(state, responder) ? { asking: null, wrap_ups: without(wrap_ups, [responder]) } : { wrap_ups, drafts: [] };
    const role = of(state.participants, responder)?.role ?? "agent";
    const paused = role === "agent" ? {} : { paused: "" }; // what the agent was to wait with is over
    const since = before === responder ? {} : { responder_since: time, ...stretch(state, responder, offset, time, briefing) };
    return { responder, briefing, held: "", ...since, ...found, ...paused };
  },
  human_requested: (_, { request: id, by, time: since, reason, skill, priority }) => ({
    asking: filled("Asking", { id, by, since, reason, skill, priority }),
  }),
  human_request_withdrawn: (state, { request }) => (state.asking?.id === request ? { asking: null } : {}),
  human_request_told: ({ asking }, { request, time, sent, final, reached: now, target }) => {
    if (asking?.id !== request) return {};
    const before = of(asking.told, target);
    if (before === undefined && Object.keys(asking.told).length >= KEPT_TOLD) return {};
    const earlier = before?.reached ?? [];
    const reached = [...earlier, ...now.filter((one) => !earlier.includes(one))];
    const told = filled("Told", { tries: (before?.tries ?? 0) + 1, time, over: sent || final, reached });
    return { asking: { ...asking, told: put(asking.told, target, told) } };
  },
  session_reserved: ({ asking }, { request, participant: reserved_for, offset: reserved_at, time, window_ms }) =>
    asking?.id === request ? { asking: { ...asking, reserved_for, reserved_at, reserved_until: time + window_ms } } : {},
  reservation_ended: ({ asking }, { request, participant }) =>
    asking !== null && asking.id === request && asking.reserved_for === participant
      ? {
          asking: {
            ...asking,
            reserved_for: "",
            reserved_at: 0,
            reserved_until: 0,
            passed: [...asking.passed.filter((who) => who !== participant), participant].slice(-KEPT_PASSED),
          },
        }
      : {},
  promise_made: (state, { promise: id, by, offset: at, time, text }) =>
    helping(state, by, ({ promises }) => [...promises.filter((one) => one.id !== id), { id, by, at, time, text }].slice(-KEPT_PROMISES)),
  promise_withdrawn: (state, { promise: id, by }) => helping(state, by, ({ promises }) => promises.filter((one) => one.id !== id)),
  wrapped_up: (state, { participant: by, offset: at, time, disposition, notes }) => ({
    wrap_ups: without(state.wrap_ups, [by]),
    ...(disposition === "" && notes === "" ? {} : { noted: [...state.noted, { by, at, time, disposition, notes }].slice(-KEPT_NOTED) }),
  }),
};
