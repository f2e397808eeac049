/** What an operator can do with the open session: one key and one button each. */
import type { Command, State } from "../client";
import type { Key } from "./keys";
import { placeOf } from "./words";

export interface Verb {
  readonly key: Key;
  readonly name: string;
  /** Whether it can be done now. */
  readonly possible: boolean;
  /** Whether this is where one stands. */
  readonly pressed: boolean;
  /** Its name says what it does next: to a screen reader that is all, or it would say two things at once. */
  readonly renamed?: true;
  readonly commands: readonly Command[];
}

/** All of them, in the order of their buttons. */
export function verbsOf(state: State, me: string, briefing: string): Verb[] {
  const place = placeOf(state, me);
  const mine = place === "answers";
  const stance = (key: Key, name: string, to: "monitor" | "whisper" | "barge"): Verb => ({
    key,
    name,
    possible: !mine && !state.ended,
    pressed: place === to,
    commands: place === to ? [] : [{ type: "change_stance", stance: to }],
  });
  const held = state.held !== "";
  return [
    stance("m", "Monitor", "monitor"),
    stance("w", "Whisper", "whisper"),
    stance("b", "Barge in", "barge"),
    { key: "t", name: "Take over", possible: !mine && !state.ended, pressed: mine, commands: [{ type: "take_over", reason: "console" }] },
    { key: "h", name: "Hand back", possible: mine, pressed: false, commands: [{ type: "hand_back", briefing }] },
    { key: "o", name: held ? "End hold" : "Hold", possible: mine, pressed: held, renamed: true, commands: [{ type: held ? "release_users" : "hold_users" }] },
  ];
}
