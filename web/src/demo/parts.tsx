/** The parts of an answer that are worked at now: a tree, with each one's own progress, and a way to stop one. */
import type { JSX } from "preact";
import type { Session, State } from "../client";
import { howFar } from "../client/doing";
import type { Response } from "../client/generated";
import { of } from "../client/state";
import { Icon } from "./icons";

function below(state: State, parent: string): Response[] {
  return Object.values(state.responses).filter((one) => one.parent === parent).sort((a, b) => a.at - b.at);
}

function Part({ part, state, session }: { part: Response; state: State; session: Session }): JSX.Element {
  const parts = below(state, part.id);
  const stop = (): void => void session.do([{ type: "cancel_response", response: part.id }]).catch(() => undefined); // it ended
  const name = part.title || "a part";
  return (
    <li data-part={part.id}>
      <span class="part">
        <strong>{name}</strong>
        {part.steps > 0 && <progress max={part.steps} value={part.step} aria-label={`${name}: ${part.text || "progress"}`} />}
        <span class="quiet">{part.cancel_requested ? "stopping" : howFar(part)}</span>
        <button type="button" class="tiny plain" disabled={part.cancel_requested} onClick={stop} aria-label={`Stop ${name}`} title="Stop this part">
          <Icon name="close" />
        </button>
      </span>
      {parts.length > 0 && <ul>{parts.map((one) => <Part key={one.id} part={one} state={state} session={session} />)}</ul>}
    </li>
  );
}

export function Parts({ state, session }: { state: State; session: Session }): JSX.Element | null {
  const roots = Object.values(state.responses).filter((one) => of(state.responses, one.parent) === undefined);
  const parts = roots.flatMap((one) => below(state, one.id));
  if (parts.length === 0) return null;
  return (
    <li class="entry parts" role="listitem" key="parts">
      <ul class="card" aria-label="Parts of the answer">{parts.map((one) => <Part key={one.id} part={one} state={state} session={session} />)}</ul>
    </li>
  );
}
