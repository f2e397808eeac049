/**
 * How long each turn took, by stage, and under which answer that stands. Pure.
 *
 * Of a spoken turn the hub says it: its marks count from the end of speech, by the hub's clock. A typed one is timed by
 * this page's own: from the moment its message was sent here to what the page is told of it.
 */
import type { Event, TurnMarked } from "../client";

export interface Turn {
  readonly turn: string;
  /** The message that asked, if it was typed here. */
  readonly asked: string;
  /** When that was sent, ms; null: this turn was spoken. */
  readonly sentAt: number | null;
  readonly response: string;
  /** The first message of the answer. */
  readonly answer: string;
  /** Ms by stage. */
  readonly stages: Readonly<Partial<Record<string, number>>>;
}

/** Oldest first. */
export type Turns = readonly Turn[];

export interface Stage {
  readonly name: string;
  readonly at: number;
}

const SPOKEN: readonly (readonly [TurnMarked["mark"], string])[] = [
  ["end_of_turn", "end of turn"],
  ["transcript_final", "transcript"],
  ["first_word", "first word"],
  ["first_audio_in", "sound made"],
  ["first_audio_out", "sound sent"],
  ["heard", "heard"],
];
const TYPED: readonly (readonly [string, string])[] = [
  ["acknowledged", "acknowledged"],
  ["taken", "agent took it"],
  ["first_word", "first word"],
  ["end", "end"],
];
const NEW: Turn = { turn: "", asked: "", sentAt: null, response: "", answer: "", stages: {} };
const KEPT = 200;

/** What can be shown of the turn now, in its order. */
export function stagesOf(turn: Turn): readonly Stage[] {
  return (turn.sentAt === null ? SPOKEN : TYPED).flatMap(([stage, name]) => {
    const at = turn.stages[stage];
    return at === undefined ? [] : [{ name, at }];
  });
}

/** The stage by which people judge it: the first word that they could hear or read. */
export function headline(turn: Turn): Stage | null {
  const stages = stagesOf(turn);
  const found = (name: string): Stage | undefined => stages.find((stage) => stage.name === name);
  return found("heard") ?? found("first word") ?? null;
}

/** These messages are on their way, at `now`. */
export function sent(turns: Turns, messages: readonly string[], now: number): Turns {
  const fresh = messages.filter((message) => !turns.some((turn) => turn.asked === message));
  return fresh.length === 0 ? turns : [...turns, ...fresh.map((asked) => ({ ...NEW, asked, sentAt: now }))].slice(-KEPT);
}

/** An event that the page was given at `now`. */
export function timed(turns: Turns, event: Event, now: number): Turns {
  const said = event as unknown as Readonly<Record<string, unknown>>;
  const text = (field: string): string => String(said[field] ?? "");
  switch (event.type) {
    case "message_posted": {
      const asked = changed(turns, (turn) => turn.asked === text("message"), (turn) => at({ ...turn, turn: text("turn") }, "acknowledged", now));
      return firstWord(answers(asked, text("response"), text("message")), text("message"), now);
    }
    case "response_started":
      if (text("turn") === "" || text("parent") !== "") return turns;
      return changed(turns, (turn) => turn.turn === text("turn"), (turn) => at({ ...turn, response: text("response") }, "taken", now));
    case "message_started":
      return answers(turns, text("response"), text("message"));
    case "message_grown":
      return firstWord(turns, text("message"), now);
    case "response_ended":
      return changed(turns, (turn) => turn.response !== "" && turn.response === text("response"), (turn) => at(turn, "end", now));
    case "turn_marked":
      return marked(turns, text("turn"), text("mark"), Number(said["at_ms"]));
    default:
      return turns;
  }
}

/** The stage of a typed turn, the first time that it is reached. */
function at(turn: Turn, stage: string, now: number): Turn {
  if (turn.sentAt === null || turn.stages[stage] !== undefined) return turn;
  return { ...turn, stages: { ...turn.stages, [stage]: now - turn.sentAt } };
}

function answers(turns: Turns, response: string, message: string): Turns {
  return changed(turns, (turn) => response !== "" && turn.response === response && turn.answer === "", (turn) => ({ ...turn, answer: message }));
}

function firstWord(turns: Turns, message: string, now: number): Turns {
  return changed(turns, (turn) => turn.answer === message, (turn) => at(turn, "first_word", now));
}

function marked(turns: Turns, id: string, mark: string, ms: number): Turns {
  const known = turns.some((turn) => turn.turn === id) ? turns : [...turns, { ...NEW, turn: id }].slice(-KEPT);
  return changed(known, (turn) => turn.turn === id && turn.sentAt === null, (turn) => ({ ...turn, stages: { ...turn.stages, [mark]: ms } }));
}

/** The same array if nothing of it changed. */
function changed(turns: Turns, which: (turn: Turn) => boolean, change: (turn: Turn) => Turn): Turns {
  const place = turns.findIndex(which);
  const before = turns[place];
  if (before === undefined) return turns;
  const after = change(before);
  return after === before ? turns : turns.map((turn) => (turn === before ? after : turn));
}
