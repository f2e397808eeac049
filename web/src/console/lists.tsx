/** The queue and the live board: who waits, what goes on. */
import { Component, type JSX } from "preact";
import type { Row } from "./hub";
import { keyed } from "./keys";
import { duration, languageNamed } from "./words";

interface Props {
  readonly rows: readonly Row[];
  readonly current: string;
  readonly me: string;
  readonly onOpen: (session: string) => void;
}

function nameOfRow(row: Row): string {
  return row.users.filter((name) => name !== "You").join(", ") || row.title || row.session.slice(0, 8);
}

interface ItemProps extends Pick<Props, "me" | "onOpen"> {
  readonly row: Row;
  readonly current: boolean;
}

function Item({ row, current, onOpen, children }: Omit<ItemProps, "me"> & { children: JSX.Element }): JSX.Element {
  return (
    <li>
      <button type="button" class="item" data-session={row.session} aria-current={current} onClick={() => onOpen(row.session)}>
        <span class="item-name">
          <span class={`dot ${row.here ? "good" : ""}`} aria-hidden="true" />
          {nameOfRow(row)}
          <span class="hidden">{row.here ? ", online" : ", away"}</span>
        </span>
        <span class="item-facts">{children}</span>
      </button>
    </li>
  );
}

function Language({ tag }: { tag: string }): JSX.Element | null {
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
            <Item key={row.session} row={row} current={row.session === current} onOpen={onOpen}>
              <>
                <span class="waits">{duration(now - waiting.since)}</span>
                {waiting.priority > 0 && <span class="tag warn">priority {waiting.priority}</span>}
                <Language tag={row.language} />
                {waiting.skill !== "" && <span class="tag">{waiting.skill}</span>}
                {kept !== "" && <span class="tag">{kept}</span>}
                {waiting.reason !== "" && <span class="reason">{waiting.reason}</span>}
              </>
            </Item>
          );
        })}
      </ul>
    </section>
  );
}

/** Of a thousand sessions only those are drawn again of which something changed, or in which somebody waits. */
class BoardItem extends Component<ItemProps> {
  override shouldComponentUpdate(next: ItemProps): boolean {
    const { row, current, me, onOpen } = this.props;
    const waits = next.row.waiting !== null || next.row.approvals.length > 0;
    return waits || next.row !== row || next.current !== current || next.me !== me || next.onOpen !== onOpen;
  }

  override render({ row, current, me, onOpen }: ItemProps): JSX.Element {
    return (
      <Item row={row} current={current} onOpen={onOpen}>
        <>
          <span class="tag">{row.voice ? "voice" : "text"}</span>
          <Language tag={row.language} />
          <span class={row.by_person ? "tag good" : "tag"}>{row.responder === "" ? "nobody answers" : row.responder === me ? "you answer" : `${row.responder_name} answers`}</span>
          {row.held && <span class="tag warn">on hold</span>}
          {row.waiting !== null && <span class="tag warn" data-asks={row.session}>wants a person, {duration(Date.now() - row.waiting.since)}</span>}
          {row.waiting !== null && row.waiting.skill !== "" && <span class="tag">{row.waiting.skill}</span>}
          {row.turns > 0 && <span class="tag warn">{row.turns} unanswered</span>}
          {row.approvals.map((one) => (
            <span class="tag warn" key={one.call}>{one.name} waits for a yes, {duration(Date.now() - one.since)}</span>
          ))}
          {row.wrap_ups.includes(me) && <span class="tag warn">wrap-up</span>}
        </>
      </Item>
    );
  }
}

export function Board({ rows, current, me, onOpen, onMore }: Props & { readonly onMore: (() => void) | null }): JSX.Element {
  return (
    <section aria-labelledby="board">
      <h2 id="board">
        Going on <span class="count" data-going-on={rows.length}>{rows.length}{onMore === null ? "" : "+"}</span>
      </h2>
      {rows.length === 0 && <p class="quiet">No session goes on.</p>}
      <ul class="items">
        {rows.map((row) => <BoardItem key={row.session} row={row} current={row.session === current} me={me} onOpen={onOpen} />)}
      </ul>
      {onMore !== null && <button type="button" class="small" data-more onClick={onMore}>More</button>}
    </section>
  );
}
