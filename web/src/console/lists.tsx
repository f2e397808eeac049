/** The queue, and what a row of it and of the board shows of a session. */
import type { JSX } from "preact";
import type { Row } from "./hub";
import { keyed } from "./keys";
import { duration, languageNamed } from "./words";

export interface Props {
  readonly rows: readonly Row[];
  readonly current: string;
  readonly me: string;
  readonly onOpen: (session: string) => void;
}

export function nameOfRow(row: Row): string {
  return row.users.filter((name) => name !== "You").join(", ") || row.title || row.session.slice(0, 8);
}

interface ItemProps extends Pick<Props, "onOpen"> {
  readonly row: Row;
  readonly current: boolean;
  /** -1: it is reached by arrows from another row. */
  readonly tabIndex?: number;
  readonly children: JSX.Element;
}

export function Item({ row, current, onOpen, tabIndex = 0, children }: ItemProps): JSX.Element {
  return (
    <button type="button" class="item" data-session={row.session} aria-current={current} tabIndex={tabIndex} onClick={() => onOpen(row.session)}>
      <span class="item-name">
        <span class={`dot ${row.here ? "good" : ""}`} aria-hidden="true" />
        {nameOfRow(row)}
        <span class="hidden">{row.here ? ", online" : ", away"}</span>
      </span>
      <span class="item-facts">{children}</span>
    </button>
  );
}

export function Language({ tag }: { tag: string }): JSX.Element | null {
  return tag === "" ? null : <span class="tag" data-language={tag}>{languageNamed(tag)}</span>;
}

export function Queue({ rows, current, me, onOpen, onNext }: Props & { readonly onNext: () => void }): JSX.Element {
  const now = Date.now();
  return (
    <section aria-labelledby="queue">
      <header class="row">
        <h2 id="queue">
          Queue <span class="count" data-waiting={rows.length}>{rows.length}</span>
        </h2>
        <button type="button" class="small primary" disabled={!rows.some(({ waiting }) => waiting !== null && ["", me].includes(waiting.reserved_for))} onClick={onNext} {...keyed("n")}>
          Take next <kbd>n</kbd>
        </button>
      </header>
      {rows.length === 0 && <p class="quiet">Nobody waits for a person.</p>}
      <ul class="items">
        {rows.map((row) => {
          const { waiting } = row;
          if (waiting === null) return null;
          const kept = waiting.reserved_for === "" ? "" : waiting.reserved_for === me ? "kept for you" : "kept for another";
          return (
            <li key={row.session}>
              <Item row={row} current={row.session === current} onOpen={onOpen}>
                <>
                  <span class="waits">{duration(now - waiting.since)}</span>
                  {waiting.priority > 0 && <span class="tag warn">priority {waiting.priority}</span>}
                  <Language tag={row.language} />
                  {waiting.skill !== "" && <span class="tag">{waiting.skill}</span>}
                  {kept !== "" && <span class="tag">{kept}</span>}
                  {waiting.reason !== "" && <span class="reason">{waiting.reason}</span>}
                </>
              </Item>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
