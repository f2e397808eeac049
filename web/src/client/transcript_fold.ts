/** How turns, responses, messages and tool calls change by what happens to them (a part of `fold`). */
import { begunAnew, paced } from "./alone_fold";
import { toolCounted } from "./cost_fold";
import { KEPT_ANSWERED, KEPT_MISSED, KEPT_SPEECH_WORDS, KEPT_STARTED, KEPT_STRETCHES, withoutOldest } from "./bounds";
import { toolRan } from "./people_fold";
import type { Message, Part, Response, State, Stretch, ToolCall, Turn } from "./generated";
import { BROKEN, filled, of, put, turnOf, without } from "./state";
import type { Handlers, Of } from "./fold";

type About = "turn" | "response" | "steering" | "cancel" | "message" | "part" | "speech" | "heard" | "tool";
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

function ran(state: State, call: string): Partial<State> {
  const entry = of(state.entries, call);
  return entry?.entry === "tool" ? toolRan(state, entry.name) : {};
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
    aside: asideOf(state, response), asker: askerOf(state, response),
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
  const late = message.brought && message.speech.slice(0, -1).some((each) => each[0] === track && each[1] === start);
  if (late) return {}; // who brings it goes on elsewhere
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

/** What is paused when an answer begins: it is to be heard, unless it is the next try at one that was to wait. */
function begun(state: State, { response, turn, parent }: Of<"response_started">): string {
  if (parent !== "") return state.paused;
  const held = of(state.turns, turn)?.paused ?? "";
  return held !== "" && held === state.paused ? response : "";
}

/** The pause of an answer that is over; what was written goes on waiting to be heard where somebody listens. */
function pauseEnded(state: State, event: Of<"response_ended">): string {
  const waits = event.outcome === "finished" && Object.values(state.attachments).some((one) => one.call !== "");
  return state.paused === event.response && !waits ? "" : state.paused;
}

/** What the part of an answer is called that is written in. */
function asideOf(state: State, response: string): string {
  const found = of(state.responses, response);
  return found === undefined || found.parent === "" ? "" : found.title || found.id;
}

/** Whose turn a response answers. */
function askerOf(state: State, response: string): string {
  return turnOf(state, response)?.participant ?? "";
}

function responded(state: State, id: string, changes: Partial<Response>): Partial<State> {
  const response = of(state.responses, id);
  return response === undefined ? {} : { responses: put(state.responses, id, { ...response, ...changes }) };
}

function steered(state: State, event: Of<"steering_requested">): Partial<State> {
  const { response, asked, text, offset } = event;
  if (asked === "steer") return responded(state, response, { steer: text, steer_at: offset });
  return { paused: asked === "pause" ? response : "", ...paced(state, event), ...responded(state, response, { pausing: asked, pausing_at: offset }) };
}

function superseded(state: State, event: Of<"response_superseded">): Partial<State> {
  const ended = state.answered.find((one) => one.response === event.response);
  if (ended === undefined || of(state.turns, ended.turn) !== undefined) return {};
  const old = Object.values(state.entries).filter((entry) => entry.entry === "message" && entry.response === event.response);
  const turn = filled("Turn", {
    id: ended.turn, participant: ended.participant, status: "waiting", since: event.time, at: event.offset,
    started: ended.started, again: event.response,
  });
  return {
    answered: state.answered.filter((one) => one !== ended),
    entries: old.reduce((entries, entry) => put(entries, entry.id, { ...(entry as Message), superseded: true }), state.entries),
    turns: withoutOldest(put(state.turns, turn.id, turn)),
  };
}

function responseEnded(state: State, event: Of<"response_ended">): Partial<State> {
  const turn = of(state.turns, of(state.responses, event.response)?.turn ?? "");
  const again = event.turn_waits && turn?.response === event.response; // a pause outlives the worker
  return { ...(again ? {} : { paused: pauseEnded(state, event) }), ...answerEnded(state, event) };
}

function answerEnded(state: State, event: Of<"response_ended">): Partial<State> {
  const response = of(state.responses, event.response);
  const responses = without(state.responses, [event.response]);
  const turn = response === undefined ? undefined : of(state.turns, response.turn);
  if (turn === undefined || turn.response !== event.response) return { responses };
  if (!event.turn_waits) {
    const ended = filled("Answered", { response: event.response, turn: turn.id, participant: turn.participant, started: turn.started });
    return { responses, turns: without(state.turns, [turn.id]), answered: [...state.answered, ended].slice(-KEPT_ANSWERED) };
  }
  const paused = state.paused === event.response ? event.response : "";
  const waits: Turn = { ...turn, status: "waiting", response: "", since: event.time, paused };
  return { responses, turns: put(state.turns, turn.id, waits) };
}

/** What was started for the turn, and must not be started again. */
function starting(state: State, id: string): Partial<State> {
  const call = of(state.entries, id);
  if (call?.entry !== "tool" || call.idempotent || call.key === "") return {};
  const turn = turnOf(state, call.response);
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
  response_started: (state, event) => {
    const { response: id, by, offset: at, turn, parent, title, time: since } = event;
    return {
      responses: put(state.responses, id, filled("Response", { id, by, at, turn, parent, title })),
      ...turned(state, turn, () => ({ status: "answering", response: id, since, paused: "" })),
      paused: begun(state, event),
      ...(parent === "" && begun(state, event) !== "" ? begunAnew(state, state.paused, id) : {}),
    };
  },
  response_progressed: (state, { response, text, step, steps, eta_ms }) => responded(state, response, { text, step, steps, eta_ms }),
  cancel_requested: (state, event) => {
    const paused = state.paused === event.response ? "" : state.paused;
    return { paused, ...responded(state, event.response, { cancel_requested: true }) };
  },
  steering_requested: steered,
  steering_answered: (state, { response, asked, at }) => {
    if (asked === "steer") return responded(state, response, { steer: "" });
    const asks = of(state.responses, response);
    const newest = asks?.pausing === asked && (at === 0 || at === asks.pausing_at);
    return newest ? responded(state, response, { pausing: "" }) : {};
  },
  response_superseded: superseded,
  response_ended: responseEnded,
  message_posted: posted,
  message_started: (state, { message: id, by, offset: at, time, response, brought }) => {
    if (of(state.entries, id) !== undefined) return {};
    const message = filled("Message", { id, by, at, time, response, brought, aside: asideOf(state, response), asker: askerOf(state, response) });
    return { entries: put(state.entries, id, message) };
  },
  message_grown: (state, event) => growing(state, event.message, (message) => grown(message, event)),
  part_added: (state, event) => growing(state, event.message, ({ parts }) => ({ parts: [...parts, event.part] })),
  message_ended: (state, { message, outcome: status, reason }) =>
    ending(state, (ordinal) => growing(state, message, () => ({ status, reason, ordinal }))),
  speech_queued: (state, event) => messaged(state, event.message, (message) => queued(message, event)),
  heard_settled: (state, event) =>
    messaged(state, event.message, ({ heard, heard_samples, settled }) => ({
      heard: put(heard, event.participant, event.characters),
      heard_samples: put(heard_samples, event.participant, event.samples),
      settled: [...settled.filter((each) => each !== event.participant), ...(event.final ? [event.participant] : [])],
    })),
  speech_shown: (state, event) =>
    messaged(state, event.message, ({ heard, read }) => ({ read: put(read, event.participant, of(heard, event.participant) ?? 0) })),
  speech_skipped: (state, { message, participant, start, end }) =>
    messaged(state, message, ({ missed }) => ({ missed: [...missed, [participant, start, end] as [string, number, number]].slice(-KEPT_MISSED) })),
  tool_requested: (state, event) => {
    const { call: id, by, offset: at, time, name, arguments: given, response, key, idempotent, approval, unknown, runs, participant, claim_ms, policy, approval_ms, run_ms } = event;
    if (of(state.entries, id) !== undefined) return {};
    const asked = { id, by, at, time, name, arguments: given, response, key, idempotent, approval, unknown };
    const call = filled("ToolCall", { ...asked, runs, participant, claim_ms, policy, approval_ms, run_ms, since: time, asker: askerOf(state, response) });
    return { entries: put(state.entries, id, call) };
  },
  tool_decided: (state, event) =>
    called(state, event.call, { decided_by: event.by, since: event.time, ...(event.approved ? { status: "approved" } : {}) }),
  tool_started: (state, { call, runner, time: since }) => ({
    ...called(state, call, { status: "started", runner, since }), ...starting(state, call), ...toolCounted(state), ...ran(state, call),
  }),
  tool_progressed: (state, { call, text, step, steps, eta_ms }) => called(state, call, { text, step, steps, eta_ms }),
  tool_ended: (state, { call, outcome: status, result, reason, time: since }) =>
    ending(state, (ordinal) => called(state, call, { status, result, reason, ordinal, since })),
};
