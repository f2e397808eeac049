/** For those who may answer instead of the agent: who answers, and the button that changes it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { RefusedError, type Session, type View } from "../client";
import { of } from "../client/state";
import { nameOf, withNames } from "./names";

const PEOPLE: ReadonlySet<string> = new Set(["operator", "supervisor"]);

/** Whether this person may answer. */
function mayAnswer({ state, participant }: View): boolean {
  return PEOPLE.has(of(state.participants, participant)?.role ?? "") && !state.ended;
}

function who({ state, participant }: View): string {
  if (state.responder === "") return "Nobody answers.";
  const name = nameOf(state, state.responder, participant);
  return `${name} ${name === "You" ? "answer" : "answers"}.`;
}

export function Takeover({ session, view }: { session: Session; view: View }): JSX.Element | null {
  const [problem, setProblem] = useState("");
  const [briefing, setBriefing] = useState("");
  if (!mayAnswer(view)) return null;
  const mine = view.state.responder === view.participant;
  const ask = (asked: Promise<string>): void => {
    setProblem("");
    asked.then(
      () => setBriefing(""),
      (refusal: unknown) => {
        const quicker = refusal instanceof RefusedError && refusal.refusal.reason === "already_exists" ? (refusal.refusal.detail ?? "") : null;
        setProblem(quicker === null ? "That did not work. Try again." : `Somebody else was quicker${quicker === "" ? "" : `: ${withNames(view.state, quicker, view.participant)}`}.`);
      },
    );
  };
  return (
    <form
      class="takeover"
      aria-label="Who answers"
      data-mine={mine}
      onSubmit={(event) => {
        event.preventDefault();
        ask(mine ? session.handBack(briefing.trim()) : session.takeOver());
      }}
    >
      <span role="status">{who(view)}</span>
      {mine && (
        <input value={briefing} onInput={(event) => setBriefing(event.currentTarget.value)} maxLength={4_000} aria-label="What the agent should know" placeholder="What the agent should know…" />
      )}
      <button type="submit" class="small">{mine ? "Hand back" : "Take over"}</button>
      {problem !== "" && <span class="bad" role="alert">{problem}</span>}
    </form>
  );
}
