/**
 * The fold: what a log means. The twin of `legato/session/fold.py`; both run `tests/vectors/fold`.
 *
 * `evolve` returns a new state and shares what did not change. It never refuses: an event in the log is a fact.
 * An event about something unknown to the state changes nothing but offset and time, so every log folds.
 */
import { aloneFrom } from "./alone_fold";
import { MOVES } from "./audience";
import { AWAY_FOLD, pushLeft, unseenFrom } from "./away_fold";
import { KEPT_GAPS, KEPT_REOPENED, newestUnknown, overflow, withoutLongGone } from "./bounds";
import { COST_FOLD } from "./cost_fold";
import { CONTROL_EVENTS, EVENT_DEFAULTS, type Attachment, type Entry, type Event, type KnownEvent, type Participant, type Right, type State } from "./generated";
import { each, emptyState, filled, of, put, without } from "./state";
import { PEOPLE_FOLD } from "./people_fold";
import { TRANSCRIPT } from "./transcript_fold";

/** An event of type `T`, its defaults filled in. */
export type Of<T extends KnownEvent["type"]> = Required<Extract<KnownEvent, { type: T }>>;
/** What an event changes, by its type. */
export type Handlers = { readonly [T in KnownEvent["type"]]: (state: State, event: Of<T>) => Partial<State> };

export interface Evolved {
  readonly state: State;
  /** Entries that left the state's window; they rest in the paged history. */
  readonly gone: readonly Entry[];
}

/** The state after `event`. */
export function evolve(state: State, event: Event): Evolved {
  const place = { offset: event.offset ?? 0, time: event.time ?? 0 };
  if (!isKnown(event)) {
    return { state: { ...state, ...place, unknown: newestUnknown([...state.unknown, { ...event }]) }, gone: [] };
  }
  const control = CONTROL_EVENTS.has(event.type) ? { control: place.offset } : {};
  const applying = { ...state, ...applied(state, event, place) };
  const after = { ...applying, ...(MOVES.has(event.type) ? withAudience(state, applying, place) : {}), ...place, ...control };
  return after.finished === state.finished ? { state: after, gone: [] } : overflow(after);
}

/** The state after all of `events`. */
export function fold(events: readonly Event[], onto: State = emptyState()): State {
  return events.reduce((state, event) => evolve(state, event).state, onto);
}

function isKnown(event: Event): event is KnownEvent {
  return Object.hasOwn(HANDLERS, event.type);
}

function applied<T extends KnownEvent["type"]>(state: State, event: Extract<KnownEvent, { type: T }>, place: object): Partial<State> {
  const type: T = event.type;
  return HANDLERS[type](state, { ...EVENT_DEFAULTS[type], ...event, ...place } as unknown as Of<T>);
}

/** What changes with an event after which others may attend. */
function withAudience(before: State, after: State, place: { time: number; offset: number }): Partial<State> {
  return { ...unseenFrom(before, after, place.offset), ...aloneFrom(before, after, place) };
}

function participant(state: State, id: string, changes: Partial<Participant>): Partial<State> {
  const who = of(state.participants, id);
  return who === undefined ? {} : { participants: put(state.participants, id, { ...who, ...changes }) };
}

function attachment(state: State, id: string, changes: Partial<Attachment>): Partial<State> {
  const one = of(state.attachments, id);
  return one === undefined ? {} : { attachments: put(state.attachments, id, { ...one, ...changes }) };
}

function right(state: State, name: string, token: number, held: Partial<Right> = {}): Partial<State> {
  return { rights: put(state.rights, name, filled("Right", { token, ...held })) };
}

/** Nobody has it. Its last worker is asked first, by whatever node. */
function free(state: State, name: string, token: number): Partial<State> {
  const before = of(state.rights, name);
  return right(state, name, token, { last: before?.worker || before?.last || "" });
}

function left(state: State, event: Of<"participant_left">): Partial<State> {
  const { participants } = participant(state, event.participant, {
    left: true, activity: "idle", text: "", step: 0, steps: 0, eta_ms: 0, since: event.time,
  });
  const theirs = Object.values(state.attachments).filter((one) => one.participant === event.participant);
  const attachments = without(state.attachments, theirs.map((one) => one.id));
  return {
    participants: withoutLongGone(participants ?? state.participants),
    attachments,
    ...pushLeft(state, event.participant),
  };
}

const WELL = { fault: "", fault_since: 0, fault_at: 0, window_ms: 0 } as const;

const HANDLERS: Handlers = {
  ...TRANSCRIPT,
  ...AWAY_FOLD,
  ...COST_FOLD,
  ...PEOPLE_FOLD,
  session_created: (state, event) => ({
    created: event.time,
    title: event.title,
    labels: { ...state.labels, ...event.labels },
  }),
  session_labelled: (state, event) => ({
    labels: Object.fromEntries(Object.entries({ ...state.labels, ...event.labels }).filter(([label, value]) => value !== "" || of(event.labels, label) === undefined)),
  }),
  session_ended: (_, event) => ({ ended: true, ended_reason: event.reason }),
  log_reopened: (state, { offset: at, previous_epoch, lost_from, lost_to, checks }) => ({
    reopened: [...state.reopened, filled("Reopening", { at, previous_epoch, lost_from, lost_to, checks })].slice(-KEPT_REOPENED),
    rights: each(state.rights, (one) => ({ ...one, holder: "" })),
  }),
  participant_joined: (state, { participant: id, role, name, time: since }) => ({
    participants: put(state.participants, id, filled("Participant", { id, role, name, since })),
  }),
  participant_left: left,
  attachment_opened: (state, { attachment: id, participant: whose, device, takes, gives, reach }) => ({
    attachments: put(state.attachments, id, filled("Attachment", { id, participant: whose, device, takes, gives, reach })),
  }),
  attachment_away: (state, event) => attachment(state, event.attachment, { away_since: event.time, away_at: event.offset }),
  attachment_back: (state, event) => attachment(state, event.attachment, { away_since: 0, away_at: 0 }),
  attachment_closed: (state, event) => ({ attachments: without(state.attachments, [event.attachment]) }),
  attention_changed: (state, { attachment: id, attentive }) => attachment(state, id, { attentive }),
  modality_changed: (state, { attachment: id, takes, gives }) => attachment(state, id, { takes, gives }),
  hold_changed: (state, { attachment: id, holds }) => attachment(state, id, { holds }),
  tools_announced: (state, { attachment: id, tools }) => attachment(state, id, { tools }),
  activity_changed: (state, { participant: id, activity, text, step, steps, eta_ms, time: since }) =>
    of(state.participants, id)?.left === false
      ? participant(state, id, { activity, text, step, steps, eta_ms, since })
      : {},
  right_granted: (state, { right: name, token, holder, worker, attachment: device, listens }) => ({
    ...right(state, name, token, { holder, worker, attachment: device, listens }),
    ...participant(state, holder, WELL),
    ...(name === `worker:${state.awaited}` ? { awaited: "" } : {}),
  }),
  right_released: (state, event) => free(state, event.right, event.token),
  agent_unreachable: (state, { participant: id, time: fault_since, offset: fault_at, window_ms }) =>
    participant(state, id, { fault: "unreachable", fault_since, fault_at, window_ms }),
  agent_reachable: (state, event) => participant(state, event.participant, WELL),
  agent_crashed: (state, { participant: id, time: fault_since, offset: fault_at, right: name, token }) => ({
    ...participant(state, id, { fault: "crashed", fault_since, fault_at, window_ms: 0, activity: "idle" }),
    ...free(state, name, token),
  }),
  agent_awaited: (_, event) => ({ awaited: event.agent }),
  voice_started: (state, { attachment: id, call, track }) => attachment(state, id, { call, track }),
  voice_ended: (state, event) =>
    of(state.attachments, event.attachment)?.call === event.call ? attachment(state, event.attachment, { call: "" }) : {},
  clock_sighted: () => ({}),
  gap_marked: (state, { track, start, end }) => {
    const gap: [string, number, number] = [track, start, end];
    return { gaps: [...state.gaps, gap].slice(-KEPT_GAPS) };
  },
};
