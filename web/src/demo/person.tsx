/** Asking for a person instead of the agent: the button, and what is said while one is waited for. */
import type { JSX } from "preact";
import type { Session, View } from "../client";
import { isPerson } from "../client/people_fold";
import { of } from "../client/state";
import { Icon } from "./icons";
import { nameOf } from "./names";

const MOST_REASON = 200;

/** Whether this is a user whom an agent answers, or nobody. */
function mayAsk({ state, participant, ended }: View): boolean {
  return of(state.participants, participant)?.role === "user" && !isPerson(state, state.responder) && !state.ended && ended === null;
}

/** One click: what is typed is the reason, if anything is. */
export function AskForPerson({ session, view, words, onAsked }: { session: Session; view: View; words: string; onAsked: () => void }): JSX.Element | null {
  if (!mayAsk(view) || view.state.asking !== null) return null;
  const ask = (): void => void session.askForHuman(words.slice(0, MOST_REASON)).then(onAsked, () => undefined); // another device was quicker
  return (
    <button type="button" class="round plain" data-ask onClick={ask} aria-label="Ask for a person" title="Ask for a person; what you typed is the reason">
      <Icon name="person" />
    </button>
  );
}

/** How many come before, as far as it is known. */
function ahead(place: number): string {
  return place === 0 ? "" : place === 1 ? ": you are next" : `: number ${place}`;
}

function said({ state, participant, place }: View): string {
  const { asking } = state;
  if (asking === null) return "";
  if (asking.reserved_for !== "") return `${nameOf(state, asking.reserved_for, participant)} looks at it.`;
  const asked = asking.by === participant ? "You asked for a person and wait" : `${nameOf(state, asking.by, participant)} asked for a person: you wait`;
  return `${asked} in the queue${ahead(place)}. The agent answers until then.`;
}

/** That one waits, and taking it back. */
export function Asked({ session, view }: { session: Session; view: View }): JSX.Element | null {
  const { asking } = view.state;
  if (!mayAsk(view) || asking === null) return null;
  return (
    <p class="elsewhere row" data-asking={asking.reserved_for === "" ? "waits" : "reserved"}>
      <span role="status">{said(view)}</span>
      {asking.by === view.participant && (
        <button type="button" class="small" data-withdraw onClick={() => void session.withdrawRequest().catch(() => undefined)}>No person, after all</button>
      )}
    </p>
  );
}
