/** What may be asked of an answer while it comes: to wait, to go on, to go another way. */
import type { JSX } from "preact";
import type { Session, State, View } from "../client";
import { stoppable } from "../client/state";
import { Icon } from "./icons";

/** The answer in progress that can be given a direction; "" if there is none, or it has one that waits for the agent. */
export function steered(state: State): string {
  const open = Object.values(state.responses).filter((one) => one.parent === "" && !one.cancel_requested && one.steer === "");
  return open.sort((a, b) => a.at - b.at).at(-1)?.id ?? "";
}

/** Makes what is typed a direction for the answer that comes. */
export function Steer({ onSteer }: { onSteer: () => void }): JSX.Element {
  return (
    <button type="button" class="round plain" data-steer onClick={onSteer} aria-label="Go on that way" title="Go on that way (Ctrl+Enter)">
      <Icon name="steer" />
    </button>
  );
}

/** Pauses the answer, or lets it go on from the same word. */
export function Pause({ session, view }: { session: Session; view: View }): JSX.Element | null {
  const { paused } = view.state;
  const response = paused === "" ? stoppable(view.state).at(-1) : paused;
  if (response === undefined) return null;
  const label = paused === "" ? "Pause the answer" : "Go on with the answer";
  const turn = (): void => void (paused === "" ? session.pause(response) : session.resume(response)).catch(() => undefined); // another device was quicker
  return (
    <button type="button" class="round plain" data-pause={paused === "" ? "off" : "on"} onClick={turn} aria-label={label} title={label}>
      <Icon name={paused === "" ? "pause" : "play"} />
    </button>
  );
}
