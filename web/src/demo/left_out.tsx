/** Where the page keeps no more: what lies between the past that somebody reads and what goes on. */
import type { JSX } from "preact";
import type { Session } from "../client";

interface Props {
  readonly session: Session;
  readonly count: number;
  /** Go to the end, and leave what is read. */
  readonly onNewest: () => void;
}

export function LeftOut({ session, count, onNewest }: Props): JSX.Element {
  return (
    <li class="note left-out" role="listitem" data-left-out={count}>
      <p class="quiet">{count === 1 ? "1 later entry is" : `${count.toLocaleString()} later entries are`} not on the page.</p>
      <p class="row">
        <button type="button" class="small" onClick={() => void session.later().catch(() => undefined)}>Later messages</button>
        <button type="button" class="small" onClick={onNewest}>Newest messages</button>
      </p>
    </li>
  );
}
