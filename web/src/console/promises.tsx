/** What an operator promised: marked while they answer, and told to the agent when they hand back. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Message, View } from "../client";
import { transcript } from "../client/state";
import { ofTab } from "../demo/memory";

const MOST = 20;
const LONGEST = 500;
const LONGEST_BRIEFING = 4_000;

/** The promises that are marked in this session, and how to change them. */
export function usePromises(session: string): readonly [readonly string[], (promises: readonly string[]) => void] {
  const name = `legato:promises:${session}`;
  const [promises, set] = useState<readonly string[]>(() => JSON.parse(ofTab?.getItem(name) ?? "[]") as string[]);
  const change = (next: readonly string[]): void => {
    const kept = next.slice(-MOST);
    set(kept);
    ofTab?.setItem(name, JSON.stringify(kept));
  };
  return [promises, change];
}

/** What the agent is told: what was written for it, and each promise on a line of its own. */
export function briefed(briefing: string, promises: readonly string[]): string {
  const lines = promises.map((one) => `- ${one}`);
  const told = lines.length === 0 ? [briefing] : [briefing, "Promised:", ...lines];
  return told.filter((line) => line !== "").join("\n").slice(0, LONGEST_BRIEFING);
}

function lastWords({ state, participant }: View): string {
  const mine = transcript(state).filter((one): one is Message => one.entry === "message" && one.by === participant && !one.aside);
  const parts = mine.at(-1)?.parts ?? [];
  return parts.map((part) => ("text" in part ? part.text : "")).join(" ").replace(/\s+/g, " ").trim().slice(0, LONGEST);
}

export function Promises({ view, promises, onPromises }: { view: View; promises: readonly string[]; onPromises: (promises: readonly string[]) => void }): JSX.Element {
  const words = lastWords(view);
  const marked = words === "" || promises.includes(words);
  return (
    <section>
      <h2>Promised</h2>
      {promises.length > 0 && (
        <ul class="promises">
          {promises.map((one) => (
            <li key={one}>
              <span>{one}</span>
              <button type="button" class="small" aria-label={`Not promised: ${one}`} onClick={() => onPromises(promises.filter((other) => other !== one))}>Remove</button>
            </li>
          ))}
        </ul>
      )}
      <button type="button" class="small" data-key="p" aria-keyshortcuts="p" disabled={marked} onClick={() => onPromises([...promises, words])}>Mark my last words <kbd>p</kbd></button>
    </section>
  );
}
