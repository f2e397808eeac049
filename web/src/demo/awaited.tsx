/** Nobody is there to answer: what is said is kept, and that is said. */
import type { JSX } from "preact";
import type { View } from "../client";

export function Awaited({ view: { state } }: { view: View }): JSX.Element | null {
  if (state.awaited === "" || state.responder !== "" || state.ended) return null; // an operator may answer meanwhile
  const needs = state.labels["needs"];
  return (
    <p class="elsewhere" role="status" data-awaited={state.awaited}>
      {state.awaited}
      {needs === undefined ? "" : ` (${needs})`} is not there at the moment. What you say is kept, and answered as soon as it is back.
    </p>
  );
}
