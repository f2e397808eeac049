/**
 * The folded state: how it is read from the wire, where defaults are left out, and what a view derives from it.
 * The twin of `legato/session/state.py`.
 *
 * A state is never changed: `evolve` makes another one that shares what stayed the same, so that a view may
 * compare by identity. Ids are chosen by others ("constructor" is one), so records are read with `of` only.
 */
import {
  STATE_DEFAULTS,
  type Alone,
  type Answered,
  type Asking,
  type Attachment,
  type Draft,
  type Help,
  type Entry,
  type Message,
  type Noted,
  type Notified,
  type Reopening,
  type Participant,
  type RawState,
  type Response,
  type Right,
  type State,
  type Told,
  type ToolCall,
  type Turn,
  type Usage,
} from "./generated";

/** `deltas` of a message that was given a delta out of order: it takes no more. */
export const BROKEN = -1;

interface Shapes {
  Participant: Participant;
  Attachment: Attachment;
  Right: Right;
  Message: Message;
  ToolCall: ToolCall;
  Turn: Turn;
  Response: Response;
  Answered: Answered;
  Asking: Asking;
  Draft: Draft;
  Help: Help;
  Noted: Noted;
  Notified: Notified;
  Reopening: Reopening;
  Told: Told;
  Usage: Usage;
  Alone: Alone;
  State: State;
}
// The one place where the generated constants meet the generated types.
const DEFAULTS = STATE_DEFAULTS as unknown as { [K in keyof Shapes]: Partial<Shapes[K]> };
const TAGS: { readonly [kind: string]: object } = { Message: { entry: "message" }, ToolCall: { entry: "tool" } };

/** A `kind` with its fields, defaults filled in. */
export function filled<K extends keyof Shapes>(kind: K, fields: Partial<Shapes[K]>): Shapes[K] {
  return { ...TAGS[kind], ...DEFAULTS[kind], ...fields } as Shapes[K];
}

/** What `record` has under `id`. */
export function of<T>(record: Readonly<Record<string, T>>, id: string): T | undefined {
  return Object.hasOwn(record, id) ? record[id] : undefined;
}

/** `record` with `id` set. */
export function put<T>(record: Readonly<Record<string, T>>, id: string, one: NoInfer<T>): Record<string, T> {
  return { ...record, [id]: one };
}

/** `record` without `ids`. */
export function without<T>(record: Readonly<Record<string, T>>, ids: Iterable<string>): Record<string, T> {
  const rest = { ...record };
  for (const id of ids) delete rest[id];
  return rest;
}

/** `record` with each of its values changed. */
export function each<T, U>(record: Readonly<Record<string, T>>, change: (one: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([id, one]) => [id, change(one)]));
}

/** The state of a session of which nothing is known. */
export function emptyState(): State {
  return filled("State", {});
}

/** The state that the wire says. */
export function readState(raw: RawState): State {
  const state = filled("State", raw as Partial<State>);
  return {
    ...state,
    participants: each(state.participants, (one) => filled("Participant", one)),
    attachments: each(state.attachments, (one) => filled("Attachment", one)),
    rights: each(state.rights, (one) => filled("Right", one)),
    entries: each(state.entries, readEntry),
    turns: each(state.turns, (one) => filled("Turn", one)),
    responses: each(state.responses, (one) => filled("Response", one)),
    answered: state.answered.map((one) => filled("Answered", one)),
    drafts: state.drafts.map((one) => filled("Draft", one)),
    help: state.help === null ? null : filled("Help", state.help),
    helped: state.helped.map((one) => filled("Help", one)),
    noted: state.noted.map((one) => filled("Noted", one)),
    reopened: state.reopened.map((one) => filled("Reopening", one)),
    notified: each(state.notified, (one) => filled("Notified", one)),
    usage: state.usage === null ? null : filled("Usage", state.usage),
    alone: state.alone === null ? null : filled("Alone", state.alone),
    asking: state.asking === null ? null : readAsking(state.asking),
  };
}

/** A request for a person as the wire says it. */
function readAsking(raw: Asking): Asking {
  const asking = filled("Asking", raw);
  return { ...asking, told: each(asking.told, (one) => filled("Told", one)) };
}

/** An entry of the transcript as the wire says it. */
export function readEntry(raw: Partial<Entry>): Entry {
  return raw.entry === "tool" ? filled("ToolCall", raw) : filled("Message", raw as Partial<Message>);
}

// --- what is derived

/** Kept entries in the order they began. */
export function transcript(state: Pick<State, "entries">): Entry[] {
  return Object.values(state.entries).sort(began);
}

/** Kept entries that ended, in the order they ended. */
export function endedEntries(state: State): Entry[] {
  return Object.values(state.entries)
    .filter((entry) => entry.ordinal > 0)
    .sort((a, b) => a.ordinal - b.ordinal);
}

/** The responses that can be stopped: those in progress, and the newest answer while its speech was not heard to the end. */
export function stoppable(state: State): string[] {
  const whole = Object.values(state.responses).filter((one) => of(state.responses, one.parent) === undefined); // its parts go with it
  const open = whole.flatMap((one) => (one.cancel_requested ? [] : [one.id]));
  const newest = transcript(state).findLast((entry): entry is Message => entry.entry === "message" && entry.response !== "");
  if (newest === undefined || newest.speech_end < 0 || of(state.responses, newest.response) !== undefined) return open;
  const listens = Object.values(state.attachments).some((one) => one.call !== "");
  const heard = Math.min(...Object.values(newest.heard), newest.speech_characters);
  const unheard = Object.keys(newest.heard).length === 0 || heard < newest.speech_characters;
  return listens && unheard ? [...open, newest.response] : open;
}

/** The turn that a response answers, or the one that it is a part of. */
export function turnOf(state: State, response: string): Turn | undefined {
  const seen = new Set<string>();
  for (let id = response; !seen.has(id); ) {
    const found = of(state.responses, id);
    if (found === undefined) return undefined;
    if (found.turn !== "" || found.parent === "") return of(state.turns, found.turn);
    seen.add(id);
    id = found.parent;
  }
  return undefined;
}

/** Whether the participant is an agent that reads along and never answers. */
export function listens(state: State, participant: string): boolean {
  return Object.entries(state.rights).some(([name, right]) => name.startsWith("worker:") && right.holder === participant && right.listens);
}

export type Liveness = "online" | "away" | "offline" | "unreachable" | "crashed";

/** Folded over the participant's attachments: online beats away beats offline; an agent's fault beats all. */
export function liveness(state: State, participant: string): Liveness {
  const who = of(state.participants, participant);
  if (who === undefined || who.left) return "offline";
  if (who.fault !== "") return who.fault;
  const mine = Object.values(state.attachments).filter((one) => one.participant === participant);
  if (mine.some((one) => one.away_since === 0)) return "online";
  return mine.length > 0 ? "away" : "offline";
}

/** By the offset where it began, then by id. */
export function began(a: Entry, b: Entry): number {
  return a.at - b.at || (a.id < b.id ? -1 : 1);
}
