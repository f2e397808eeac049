/** A person who answers lets the user wait: by whom, and that what is written stays here meanwhile. */
import type { JSX } from "preact";
import type { State, View } from "../client";
import { of } from "../client/state";
import { nameOf } from "./names";

/** Who lets this user wait; "" if nobody does. Whoever helps waits for nobody. */
export function heldBy(state: State, me: string): string {
  return of(state.participants, me)?.role === "user" && !state.ended ? state.held : "";
}

export function Held({ view: { state, participant: me } }: { view: View }): JSX.Element | null {
  const who = heldBy(state, me);
  if (who === "") return null;
  return (
    <p class="elsewhere" role="status" data-held={who}>
      {nameOf(state, who, me)} put you on hold: nobody hears or reads you. What you write stays here, to be sent when the hold is over.
    </p>
  );
}
