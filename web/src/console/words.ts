/** What the console says in words: where one stands, how long somebody waits. */
import type { State } from "../client";
import { of } from "../client/state";
import { nameOf } from "../demo/names";

export type Place = "answers" | "barge" | "whisper" | "monitor";

/** Where the operator stands. */
export function placeOf(state: State, me: string): Place {
  if (state.responder === me) return "answers";
  const stance = of(state.participants, me)?.stance ?? "";
  return stance === "whisper" || stance === "barge" ? stance : "monitor";
}

export function placeText(state: State, me: string): string {
  const other = state.responder === "" ? "" : nameOf(state, state.responder, me);
  switch (placeOf(state, me)) {
    case "answers":
      return state.held === "" ? "You answer. Everybody hears and reads you." : "You answer. The user is on hold.";
    case "barge":
      return "You barged in. Everybody hears and reads you.";
    case "whisper":
      return other === "" ? "You whisper, but nobody answers." : `You whisper. Only ${other} hears and reads you.`;
    default:
      return "You are listening. Nobody hears you.";
  }
}

const LANGUAGES = new Intl.DisplayNames(undefined, { type: "language" });
/** The browser takes tens of µs a name, and a board has a thousand rows. */
const NAMED = new Map<string, string>();
const MOST_NAMED = 1_000;

/** A language by its tag, as whoever reads this page calls it; what is no tag stays as it is. */
export function languageNamed(tag: string): string {
  const known = NAMED.get(tag) ?? named(tag);
  if (NAMED.size < MOST_NAMED) NAMED.set(tag, known);
  return known;
}

function named(tag: string): string {
  try {
    return LANGUAGES.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

export { duration } from "../demo/helped";
