/**
 * The fold: what a log means. The twin of `legato/session/fold.py`; both run `tests/vectors/fold`.
 *
 * `evolve` returns a new state and shares what did not change, so a view may compare by identity.
 * It never refuses: an event in the log is a fact.
 */
import {
  CONTROL_EVENTS,
  EVENT_DEFAULTS,
  STATE_DEFAULTS,
  type Attachment,
  type Entry,
  type Event,
  type KnownEvent,
  type Message,
  type Part,
  type Participant,
  type RawState,
  type State,
  type ToolCall,
  type Turn,
} from "./generated";

/** Ended entries that the state keeps, by number and by weight (code points of text). */
export const KEPT = 20;
const KEPT_UNKNOWN = 64;

type Filled<E> = E extends KnownEvent ? Required<E> : never;
type Of<T extends KnownEvent["type"]> = Filled<Extract<KnownEvent, { type: T }>>;
type Handlers = { [T in KnownEvent["type"]]: (state: State, event: Of<T>) => Partial<State> };

/** The state of a session of which nothing is known. */
export function emptyState(): State {
  return structuredClone(STATE_DEFAULTS.State) as unknown as State;
}

/** The state that the wire says: defaults filled in. */
export function readState(raw: RawState): State {
  const state = { ...emptyState(), ...raw } as State;
  return {
    ...state,
    participants: each(state.participants, (one) => ({ ...STATE_DEFAULTS.Participant, ...one }) as Participant),
    attachments: each(state.attachments, (one) => ({ ...STATE_DEFAULTS.Attachment, ...one }) as unknown as Attachment),
    rights: each(state.rights, (one) => ({ ...STATE_DEFAULTS.Right, ...one })),
    entries: each(state.entries, readEntry),
    turns: each(state.turns, (one) => ({ ...STATE_DEFAULTS.Turn, ...one })),
    responses: each(state.responses, (one) => ({ ...STATE_DEFAULTS.Response, ...one })),
  };
}

/** An entry of the transcript as the wire says it: defaults filled in. */
export function readEntry(raw: Partial<Entry>): Entry {
  const defaults = raw.entry === "tool" ? STATE_DEFAULTS.ToolCall : STATE_DEFAULTS.Message;
  return { ...defaults, ...raw } as unknown as Entry;
}

/** The state after `event`, and the entries that left its window. */
export function evolve(state: State, event: Event): State {
  const place = { offset: event.offset ?? 0, time: event.time ?? 0 };
  const handler = HANDLERS[event.type as KnownEvent["type"]] as ((state: State, event: never) => Partial<State>) | undefined;
  if (handler === undefined) {
    const unknown = [...state.unknown, event as Record<string, unknown>].slice(-KEPT_UNKNOWN);
    return { ...state, ...place, unknown };
  }
  const filled = { ...place, ...EVENT_DEFAULTS[event.type as KnownEvent["type"]], ...event };
  const control = CONTROL_EVENTS.has(event.type) ? { control: place.offset } : {};
  return withinWindow({ ...state, ...handler(state, filled as never), ...place, ...control });
}

/** The state after all of `events`. */
export function fold(events: readonly Event[], onto: State = emptyState()): State {
  return events.reduce(evolve, onto);
}

function each<T>(record: Record<string, T>, change: (one: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([id, one]) => [id, change(one)]));
}

function withinWindow(state: State): State {
  const limit = state.finished - KEPT;
  if (limit <= 0) return state;
  const old = Object.values(state.entries).filter((entry) => entry.ordinal > 0 && entry.ordinal <= limit);
  if (old.length === 0) return state;
  const entries = { ...state.entries };
  for (const entry of old) delete entries[entry.id];
  return { ...state, entries };
}

function without<T>(record: Record<string, T>, ...ids: string[]): Record<string, T> {
  const rest = { ...record };
  for (const id of ids) delete rest[id];
  return rest;
}

function changed<K extends "participants" | "attachments" | "turns" | "responses" | "entries">(
  state: State,
  key: K,
  id: string,
  changes: object,
): Partial<State> {
  const one = state[key][id];
  return one === undefined ? {} : { [key]: { ...state[key], [id]: { ...one, ...changes } } };
}

function openMessage(state: State, id: string): Message | undefined {
  const entry = state.entries[id];
  return entry?.entry === "message" && entry.status === "open" ? entry : undefined;
}

function openTool(state: State, id: string): ToolCall | undefined {
  const entry = state.entries[id];
  return entry?.entry === "tool" && entry.ordinal === 0 ? entry : undefined;
}

function withEntry(state: State, entry: Entry): Partial<State> {
  return { entries: { ...state.entries, [entry.id]: entry } };
}

function grown(message: Message, event: Of<"message_grown">): Message {
  const parts: Part[] = [...message.parts];
  const part = parts[event.part];
  if (part !== undefined && (part.kind ?? "text") === event.kind) {
    parts[event.part] = { ...part, text: (part.text ?? "") + event.text };
  } else if (event.part === parts.length) {
    parts.push(event.kind === "text" ? { text: event.text } : { kind: event.kind, text: event.text });
  }
  return { ...message, parts, deltas: event.index + event.count };
}

function posted(state: State, event: Of<"message_posted">): Partial<State> {
  if (state.entries[event.message] !== undefined) return {};
  const finished = state.finished + 1;
  const message: Message = {
    ...(STATE_DEFAULTS.Message as unknown as Message),
    entry: "message",
    id: event.message,
    by: event.by,
    at: event.offset,
    time: event.time,
    status: "finished",
    parts: event.parts,
    turn: event.turn,
    response: event.response,
    ordinal: finished,
    spoken: event.spoken,
  };
  const after: Partial<State> = { ...withEntry(state, message), finished };
  if (!event.ends_turn || event.turn === "") return after;
  const turn: Turn = state.turns[event.turn] ?? {
    ...STATE_DEFAULTS.Turn,
    id: event.turn,
    participant: event.by,
    at: event.offset,
  };
  if (turn.status !== "speaking") return after;
  return { ...after, turns: { ...state.turns, [turn.id]: { ...turn, status: "waiting", since: event.time } } };
}

function responseEnded(state: State, event: Of<"response_ended">): Partial<State> {
  const response = state.responses[event.response];
  const responses = without(state.responses, event.response);
  const turn = response === undefined ? undefined : state.turns[response.turn];
  if (turn === undefined || turn.response !== event.response) return { responses };
  if (!event.turn_waits) return { responses, turns: without(state.turns, turn.id) };
  const waiting: Turn = { ...turn, status: "waiting", response: "", since: event.time };
  return { responses, turns: { ...state.turns, [turn.id]: waiting } };
}

const fault = (state: State, id: string, changes: object): Partial<State> => changed(state, "participants", id, changes);
const WELL = { fault: "", fault_since: 0, window_ms: 0 } as const;

const HANDLERS: Handlers = {
  session_created: (state, event) => ({
    created: event.time,
    title: event.title,
    labels: { ...state.labels, ...event.labels },
  }),
  session_labelled: (state, event) => ({
    labels: Object.fromEntries(Object.entries({ ...state.labels, ...event.labels }).filter(([, value]) => value !== "")),
  }),
  session_ended: (_, event) => ({ ended: true, ended_reason: event.reason }),
  log_reopened: (state, event) => ({
    reopened: [
      ...state.reopened,
      {
        at: event.offset,
        previous_epoch: event.previous_epoch,
        lost_from: event.lost_from,
        lost_to: event.lost_to,
      },
    ].slice(-8),
    rights: each(state.rights, (right) => ({ ...right, holder: "", worker: "" })),
  }),
  participant_joined: (state, event) => ({
    participants: {
      ...state.participants,
      [event.participant]: {
        ...(STATE_DEFAULTS.Participant as unknown as Participant),
        id: event.participant,
        role: event.role,
        name: event.name,
        since: event.time,
      },
    },
  }),
  participant_left: (state, event) => ({
    ...changed(state, "participants", event.participant, { left: true, activity: "idle", since: event.time }),
    attachments: without(
      state.attachments,
      ...Object.values(state.attachments)
        .filter((one) => one.participant === event.participant)
        .map((one) => one.id),
    ),
  }),
  attachment_opened: (state, event) => ({
    attachments: {
      ...state.attachments,
      [event.attachment]: {
        ...STATE_DEFAULTS.Attachment,
        id: event.attachment,
        participant: event.participant,
        device: event.device,
        takes: event.takes,
        gives: event.gives,
      },
    },
  }),
  attachment_away: (state, event) => changed(state, "attachments", event.attachment, { away_since: event.time }),
  attachment_back: (state, event) => changed(state, "attachments", event.attachment, { away_since: 0 }),
  attachment_closed: (state, event) => ({ attachments: without(state.attachments, event.attachment) }),
  modality_changed: (state, event) =>
    changed(state, "attachments", event.attachment, { takes: event.takes, gives: event.gives }),
  activity_changed: (state, event) =>
    changed(state, "participants", event.participant, {
      activity: event.activity,
      text: event.text,
      step: event.step,
      steps: event.steps,
      eta_ms: event.eta_ms,
      since: event.time,
    }),
  right_granted: (state, event) => ({
    rights: {
      ...state.rights,
      [event.right]: { token: event.token, holder: event.holder, worker: event.worker },
    },
    ...fault(state, event.holder, WELL),
  }),
  right_released: (state, event) => ({
    rights: { ...state.rights, [event.right]: { token: event.token, holder: "", worker: "" } },
  }),
  responder_changed: (_, event) => ({ responder: event.participant }),
  agent_unreachable: (state, event) =>
    fault(state, event.participant, { fault: "unreachable", fault_since: event.time, window_ms: event.window_ms }),
  agent_reachable: (state, event) => fault(state, event.participant, WELL),
  agent_crashed: (state, event) => ({
    ...fault(state, event.participant, { fault: "crashed", fault_since: event.time, window_ms: 0, activity: "idle" }),
    rights: { ...state.rights, [event.right]: { token: event.token, holder: "", worker: "" } },
  }),
  turn_started: (state, event) => ({
    turns: {
      ...state.turns,
      [event.turn]: {
        ...STATE_DEFAULTS.Turn,
        id: event.turn,
        participant: event.participant,
        since: event.time,
        at: event.offset,
      },
    },
  }),
  turn_ended: (state, event) => {
    const turn = state.turns[event.turn];
    if (turn?.status !== "speaking") return {};
    if (event.empty) return { turns: without(state.turns, event.turn) };
    return changed(state, "turns", event.turn, {
      status: "waiting",
      since: event.time,
      incomplete: event.incomplete,
    });
  },
  turn_marked: () => ({}),
  response_started: (state, event) => ({
    responses: {
      ...state.responses,
      [event.response]: {
        ...STATE_DEFAULTS.Response,
        id: event.response,
        by: event.by,
        at: event.offset,
        turn: event.turn,
        parent: event.parent,
      },
    },
    ...changed(state, "turns", event.turn, { status: "answering", response: event.response, since: event.time }),
  }),
  cancel_requested: (state, event) => changed(state, "responses", event.response, { cancel_requested: true }),
  response_ended: responseEnded,
  message_posted: posted,
  message_started: (state, event) =>
    state.entries[event.message] !== undefined
      ? {}
      : withEntry(state, {
          ...(STATE_DEFAULTS.Message as unknown as Message),
          entry: "message",
          id: event.message,
          by: event.by,
          at: event.offset,
          time: event.time,
          response: event.response,
        }),
  message_grown: (state, event) => {
    const message = openMessage(state, event.message);
    return message === undefined || event.index !== message.deltas ? {} : withEntry(state, grown(message, event));
  },
  part_added: (state, event) => {
    const message = openMessage(state, event.message);
    return message === undefined ? {} : withEntry(state, { ...message, parts: [...message.parts, event.part] });
  },
  message_ended: (state, event) => {
    const message = openMessage(state, event.message);
    if (message === undefined) return {};
    const finished = state.finished + 1;
    return {
      ...withEntry(state, { ...message, status: event.outcome, reason: event.reason, ordinal: finished }),
      finished,
    };
  },
  heard_settled: (state, event) => {
    const message = state.entries[event.message];
    if (message?.entry !== "message") return {};
    return withEntry(state, { ...message, heard: { ...message.heard, [event.participant]: event.characters } });
  },
  tool_requested: (state, event) =>
    state.entries[event.call] !== undefined
      ? {}
      : withEntry(state, {
          ...(STATE_DEFAULTS.ToolCall as unknown as ToolCall),
          entry: "tool",
          id: event.call,
          by: event.by,
          at: event.offset,
          time: event.time,
          name: event.name,
          arguments: event.arguments,
          response: event.response,
          key: event.key,
          idempotent: event.idempotent,
          approval: event.approval,
        }),
  tool_decided: (state, event) =>
    openTool(state, event.call) === undefined
      ? {}
      : changed(state, "entries", event.call, {
          decided_by: event.by,
          ...(event.approved ? { status: "approved" } : {}),
        }),
  tool_started: (state, event) =>
    openTool(state, event.call) === undefined ? {} : changed(state, "entries", event.call, { status: "started" }),
  tool_progressed: (state, event) =>
    openTool(state, event.call) === undefined
      ? {}
      : changed(state, "entries", event.call, { text: event.text, step: event.step, steps: event.steps }),
  tool_ended: (state, event) => {
    const tool = openTool(state, event.call);
    if (tool === undefined) return {};
    const finished = state.finished + 1;
    const ended: ToolCall = {
      ...tool,
      status: event.outcome,
      result: event.result,
      reason: event.reason,
      ordinal: finished,
    };
    return { ...withEntry(state, ended), finished };
  },
  voice_started: (state, event) =>
    changed(state, "attachments", event.attachment, { call: event.call, track: event.track }),
  voice_ended: (state, event) =>
    state.attachments[event.attachment]?.call === event.call
      ? changed(state, "attachments", event.attachment, { call: "" })
      : {},
  speech_queued: (state, event) => {
    const message = state.entries[event.message];
    if (message?.entry !== "message") return {};
    return withEntry(state, {
      ...message,
      speech_track: event.track,
      speech_end: event.end,
      speech_characters: event.characters,
    });
  },
  gap_marked: (state, event) => ({
    gaps: [...state.gaps, [event.track, event.start, event.end] as [string, number, number]].slice(-32),
  }),
};
