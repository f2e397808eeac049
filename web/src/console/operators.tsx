/** For supervisors: who helps, doing what since when, and where; one key joins. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Helper, Helpers } from "./hub";
import { isTyping } from "./verbs";
import { duration } from "./words";

const STATES: Readonly<Record<Helper["state"], string>> = {
  answering: "answers",
  reserved: "is about to answer",
  wrap_up: "wraps up",
  listening: "listens",
  available: "available",
  away: "away",
};
const KEYS = 9;

/** How many are in which state, in words. */
export function countsOf(rows: readonly Helper[]): string {
  const counts = Object.keys(STATES).flatMap((state) => {
    const many = rows.filter((row) => row.state === state).length;
    return many === 0 ? [] : [`${many} ${state.replace("_", "-")}`];
  });
  return counts.join(", ");
}

/** Those one may join, in the order of their keys. */
export function joinable(rows: readonly Helper[]): readonly Helper[] {
  return rows.filter((row) => row.session !== "").slice(0, KEYS);
}

interface Props {
  readonly helpers: Helpers;
  readonly me: string;
  readonly current: string;
  readonly onOpen: (session: string) => void;
}

export function Operators({ helpers: { now, operators }, me, current, onOpen }: Props): JSX.Element {
  const joins = joinable(operators);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const wanted = joins[Number(event.key) - 1];
      if (wanted === undefined || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      event.preventDefault();
      onOpen(wanted.session);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
  return (
    <section aria-labelledby="operators">
      <h2 id="operators">
        People who help <span class="count">{operators.length}</span>
      </h2>
      <p class="quiet">{operators.length === 0 ? "Nobody is there." : countsOf(operators)}</p>
      <ul class="items">
        {operators.map((row) => (
          <li key={row.participant} data-operator={row.participant} data-state={row.state}>
            <Row row={row} me={me} now={now} joins={joins.indexOf(row) + 1} current={current} onOpen={onOpen} />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface RowProps extends Pick<Props, "me" | "current" | "onOpen"> {
  readonly row: Helper;
  readonly now: number;
  /** The number of its key; 0: none. */
  readonly joins: number;
}

function Row({ row, me, now, joins, current, onOpen }: RowProps): JSX.Element {
  const says = (
    <>
      <span class="item-name">
        <span class={`dot ${row.here ? (row.state === "available" ? "good" : "busy") : ""}`} aria-hidden="true" />
        {row.participant === me ? "You" : row.name || row.participant}
        {joins > 0 && <kbd>{joins}</kbd>}
      </span>
      <span class="item-facts">
        <span class={row.state === "answering" ? "tag good" : "tag"}>{STATES[row.state]}</span>
        <span class="waits">{duration(now - row.since)}</span>
        {row.session !== "" && <span class="tag">{row.users.filter((name) => name !== "You").join(", ") || row.session.slice(0, 8)}</span>}
        {row.more > 0 && <span class="tag">{row.more} more</span>}
        {!row.here && row.state !== "away" && <span class="tag warn">not at a console</span>}
      </span>
    </>
  );
  if (joins === 0) return <div class="item still">{says}</div>;
  return (
    <button type="button" class="item" aria-current={row.session === current} aria-keyshortcuts={String(joins)} onClick={() => onOpen(row.session)}>
      {says}
    </button>
  );
}
