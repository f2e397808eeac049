/** For supervisors: who helps, doing what since when, and where; one key joins. */
import type { JSX } from "preact";
import type { Helper, Helpers } from "./hub";
import { joins, keyed, type Key } from "./keys";
import { duration } from "./words";

const STATES: Readonly<Record<Helper["state"], string>> = {
  answering: "answers",
  reserved: "is about to answer",
  wrap_up: "wraps up",
  listening: "listens",
  available: "available",
  away: "away",
};

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
  return rows.filter((row) => row.session !== "").filter((_, place) => joins(place + 1) !== undefined);
}

interface Props {
  readonly helpers: Helpers;
  readonly me: string;
  readonly current: string;
  readonly onOpen: (session: string) => void;
}

export function Operators({ helpers: { now, operators }, me, current, onOpen }: Props): JSX.Element {
  const there = joinable(operators);
  return (
    <section aria-labelledby="operators">
      <h2 id="operators">
        People who help <span class="count">{operators.length}</span>
      </h2>
      <p class="quiet">{operators.length === 0 ? "Nobody is there." : countsOf(operators)}</p>
      <ul class="items">
        {operators.map((row) => (
          <li key={row.participant} data-operator={row.participant} data-state={row.state}>
            <Row row={row} me={me} now={now} by={joins(there.indexOf(row) + 1)} current={current} onOpen={onOpen} />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface RowProps extends Pick<Props, "me" | "current" | "onOpen"> {
  readonly row: Helper;
  readonly now: number;
  /** The key by which one joins them; none: they are in no session, or others come first. */
  readonly by: Key | undefined;
}

function Row({ row, me, now, by, current, onOpen }: RowProps): JSX.Element {
  const says = (
    <>
      <span class="item-name">
        <span class={`dot ${row.here ? (row.state === "available" ? "good" : "busy") : ""}`} aria-hidden="true" />
        {row.participant === me ? "You" : row.name || row.participant}
        {by !== undefined && <kbd>{by}</kbd>}
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
  if (by === undefined) return <div class="item still">{says}</div>;
  return (
    <button type="button" class="item" aria-current={row.session === current} {...keyed(by)} onClick={() => onOpen(row.session)}>
      {says}
    </button>
  );
}
