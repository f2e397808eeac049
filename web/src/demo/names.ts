/** How participants are called on this page. */
import type { State } from "../client";
import { of } from "../client/state";

export function nameOf(state: Pick<State, "participants">, id: string, me: string): string {
  if (id === me) return "You";
  const name = of(state.participants, id)?.name ?? "";
  // The demo lets everybody in as "You": of others that says nothing.
  if (name !== "" && name !== "You") return name;
  return id.startsWith("agent:") ? id.slice("agent:".length) : `Guest ${id.replace(/^p_/, "").slice(0, 4)}`;
}

/** What the hub says of participants by their ids, with their names. */
export function withNames(state: State, said: string, me: string): string {
  return said.replace(/[\w.@:+-]+/g, (word) => (of(state.participants, word) === undefined ? word : nameOf(state, word, me)));
}
