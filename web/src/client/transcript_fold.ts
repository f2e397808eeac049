/** How turns, responses, messages and tool calls change by what happens to them (a part of `fold`). */
import { KEPT_MISSED, KEPT_SPEECH_WORDS, KEPT_STARTED, KEPT_STRETCHES, withoutOldest } from "./bounds";
import type { Message, Part, State, Stretch, ToolCall, Turn } from "./generated";
import { BROKEN, filled, of, put, without } from "./state";
import type { Handlers, Of } from "./fold";

type About = "turn" | "response" | "cancel" | "message" | "part" | "speech" | "heard" | "tool";
type Mine = Extract<keyof Handlers, `${About}_${string}`>;

function turned(state: State, id: string, change: (turn: Turn) => Partial<Turn>): Partial<State> {
  const turn = of(state.turns, id);
  return turn === undefined ? {} : { turns: put(state.turns, id, { ...turn, ...change(turn) }) };
}

function messaged(state: State, id: string, change: (message: Message) => Partial<Message>): Partial<State> {
  const entry = of(state.entries, id);
  return entry?.entry === "message" ? { entries: put(state.entries, id, { ...entry, ...change(entry) }) } : {};
}

function growing(state: State, id: string, change: (message: Message) => Partial<Message>): Partial<State> {
  const entry = of(state.entries, id);
  return entry?.entry === "message" && entry.status === "open" ? messaged(state, id, change) : {};
}

function called(state: State, id: string, changes: Partial<ToolCall>): Partial<State> {
  const entry = of(state.entries, id);
  if (entry?.entry !== "tool" || entry.ordinal !== 0) return {};
  return { entries: put(state.entries, id, { ...entry, ...changes }) };
}

/** The next place among ended entries, if `changes` end one. */
function ending(state: State, change: (ordinal: number) => Partial<State>): Partial<State> {
  const finished = state.finished + 1;
  const changes = change(finished);
  return changes.entries === undefined ? {} : { ...changes, finished };
}

function posted(state: State, event: Of<"message_posted">): Partial<State> {
  if (of(state.entries, event.message) !== undefined) return {};
  const { message: id, by, offset: at, time, parts, turn, response, spoken } = event;
  const message = filled("Message", {
    id, by, at, time, parts, turn, response, spoken, status: "finished", ordinal: state.finished + 1,
  });
  return { entries: put(state.entries, id, message), finished: message.ordinal, ...waiting(state, event) };
}

function waiting(state: State, event: Of<"message_posted">): Partial<State> {
  if (!event.ends_turn || event.turn === "") return {};
  const turn = of(state.turns, event.turn) ?? filled("Turn", { id: event.turn, participant: event.by, at: event.offset });
  if (turn.status !== "speaking") return {};
  const waits: Turn = { ...turn, status: "waiting", since: event.time };
  return { turns: withoutOldest(put(state.turns, event.turn, waits)) };
}

function grown(message: Message, event: Of<"message_grown">): Partial<Message> {
  if (event.index !== message.deltas || event.index < 0 || event.count < 1) return { deltas: BROKEN };
  const parts: Part[] = [...message.parts];
  const part = parts[event.part];
  if (part !== undefined && (part.kind ?? "text") === event.kind) {
    parts[event.part] = { ...part, text: (part.text ?? "") + event.text };
  } else if (event.part === parts.length) {
    parts.push({ kind: event.kind, text: event.text });
  }
  return { parts, deltas: event.index + event.count };
}

function queued(message: Message, event: Of<"speech_queued">): Partial<Message> {
  const { track, start, end, characters } = event;
  const newest = message.speech.at(-1);
  const grows = newest !== undefined && newest[0] === track && newest[1] === start;
  const before = grows ? message.speech.slice(0, -1) : message.speech.filter((each) => each[3] < event.samples);
  const words = grows ? message.speech_words : message.speech_words.filter((pair) => pair[1] <= event.samples);
  const stretch: Stretch = [track, start, end, grows ? newest[3] : event.samples];
  return {
    speech_track: track, speech_end: end, speech_characters: characters,
    speech: [...before, stretch].slice(-KEPT_STRETCHES),
    speech_words: [...words, ...event.words].slice(-KEPT_SPEECH_WORDS),
  };
}

function responseEnded(state: State, event: Of<"response_ended">): Partial<State> {
  const response = of(state.responses, event.response);
  const responses = without(state.responses, [event.response]);
  const turn = response === undefined ? undefined : of(state.turns, response.turn);
  if (turn === undefined || turn.response !== event.response) return { responses };
  if (!event.turn_waits) return { responses, turns: without(state.turns, [turn.id]) };
  const waits: Turn = { ...turn, status: "waiting", response: "", since: event.time };
  return { responses, turns: put(state.turns, turn.id, waits) };
}

/** What was started for the turn, and must not be started again. */
function starting(state: State, id: string): Partial<State> {
  const call = of(state.entries, id);
  if (call?.entry !== "tool" || call.idempotent || call.key === "") return {};
  const turn = of(state.turns, of(state.responses, call.response)?.turn ?? "");
  if (turn === undefined || turn.started.includes(call.key)) return {};
  return { turns: put(state.turns, turn.id, { ...turn, started: [...turn.started, call.key].slice(-KEPT_STARTED) }) };
}

export const TRANSCRIPT: { readonly [T in Mine]: Handlers[T] } = {
  turn_started: (state, { turn: id, participant, time: since, offset: at }) => ({
    turns: withoutOldest(put(state.turns, id, filled("Turn", { id, participant, since, at }))),
  }),
  turn_ended: (state, event) => {
    if (of(state.turns, event.turn)?.status !== "speaking") return {};
    if (event.empty) return { turns: without(state.turns, [event.turn]) };
    const { time: since, incomplete } = event;
    return turned(state, event.turn, () => ({ status: "waiting", since, incomplete }));
  },
  turn_marked: () => ({}),
  response_started: (state, { response: id, by, offset: at, turn, parent, time: since }) => ({
    responses: put(state.responses, id, filled("Response", { id, by, at, turn, parent })),
    ...turned(state, turn, () => ({ status: "answering", response: id, since })),
  }),
  cancel_requested: (state, event) => {
    const response = of(state.responses, event.response);
    if (response === undefined) return {};
    return { responses: put(state.responses, response.id, { ...response, cancel_requested: true }) };
  },
  response_ended: responseEnded,
  message_posted: posted,
  message_started: (state, { message: id, by, offset: at, time, response }) =>
    of(state.entries, id) === undefined
      ? { entries: put(state.entries, id, filled("Message", { id, by, at, time, response })) }
      : {},
  message_grown: (state, event) => growing(state, event.message, (message) => grown(message, event)),
  part_added: (state, event) => growing(state, event.message, ({ parts }) => ({ parts: [...parts, event.part] })),
  message_ended: (state, { message, outcome: status, reason }) =>
    ending(state, (ordinal) => growing(state, message, () => ({ status, reason, ordinal }))),
  speech_queued: (state, event) => messaged(state, event.message, (message) => queued(message, event)),
  heard_settled: (state, event) =>
    messaged(state, event.message, ({ heard, heard_samples }) => ({
      heard: put(heard, event.participant, event.characters),
      heard_samples: put(heard_samples, event.participant, event.samples),
    })),
  speech_shown: (state, event) =>
    messaged(state, event.message, ({ heard, read }) => ({ read: put(read, event.participant, of(heard, event.participant) ?? 0) })),
  speech_skipped: (state, { message, participant, start, end }) =>
    messaged(state, message, ({ missed }) => ({ missed: [...missed, [participant, start, end] as [string, number, number]].slice(-KEPT_MISSED) })),
  tool_requested: (state, event) => {
    const { call: id, by, offset: at, time, name, arguments: given, response, key, idempotent, approval } = event;
    if (of(state.entries, id) !== undefined) return {};
    const call = filled("ToolCall", { id, by, at, time, name, arguments: given, response, key, idempotent, approval });
    return { entries: put(state.entries, id, call) };
  },
  tool_decided: (state, event) =>
    called(state, event.call, { decided_by: event.by, ...(event.approved ? { status: "approved" } : {}) }),
  tool_started: (state, event) => ({ ...called(state, event.call, { status: "started" }), ...starting(state, event.call) }),
  tool_progressed: (state, { call, text, step, steps }) => called(state, call, { text, step, steps }),
  tool_ended: (state, { call, outcome: status, result, reason }) =>
    ending(state, (ordinal) => called(state, call, { status, result, reason, ordinal })),
};
