/** What an operator promised: set down while they answer, and at hand for whoever answers next. */
import type { JSX } from "preact";
import type { Command, Message, View } from "../client";
import { randomId } from "../client/keep";
import { transcript } from "../client/state";
import { keyed } from "./keys";

const LONGEST = 500;

function lastWords({ state, participant }: View): string {
  const mine = transcript(state).filter((one): one is Message => one.entry === "message" && one.by === participant && !one.aside);
  const parts = mine.at(-1)?.parts ?? [];
  return parts.map((part) => ("text" in part ? part.text : "")).join(" ").replace(/\s+/g, " ").trim().slice(0, LONGEST);
}

export function Promises({ view, act }: { view: View; act: (commands: readonly Command[]) => Promise<boolean> }): JSX.Element {
  const promises = view.state.help?.promises ?? [];
  const words = lastWords(view);
  const marked = words === "" || promises.some((one) => one.text === words);
  return (
    <section>
      <h2>Promised</h2>
      {promises.length > 0 && (
        <ul class="promises">
          {promises.map((one) => (
            <li key={one.id}>
              <span>{one.text}</span>
              <button type="button" class="small" aria-label={`Not promised: ${one.text}`} onClick={() => void act([{ type: "withdraw_promise", promise: one.id }])}>Remove</button>
            </li>
          ))}
        </ul>
      )}
      <button type="button" class="small" {...keyed("p")} disabled={marked} onClick={() => void act([{ type: "make_promise", promise: randomId("y"), text: words }])}>Mark my last words <kbd>p</kbd></button>
    </section>
  );
}
