/** The live board: what goes on. */
import { Component, type JSX } from "preact";
import { Item, Language, type Props } from "./lists";
import { Rows, type Place } from "./rows";
import { duration } from "./words";

type RowProps = Pick<Props, "me" | "onOpen"> & Place;

/** Only those rows are drawn again of which something changed, or in which somebody waits. */
class BoardRow extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const { row, top, index, current, stop, me, onOpen } = this.props;
    const waits = next.row.waiting !== null || next.row.approvals.length > 0;
    const same = next.row === row && next.top === top && next.index === index && next.current === current && next.stop === stop;
    return waits || !same || next.me !== me || next.onOpen !== onOpen;
  }

  override render({ row, top, index, current, stop, me, onOpen }: RowProps): JSX.Element {
    return (
      <div role="row" class="board-row" aria-rowindex={index + 1} data-row={row.session} style={{ top: `${top}px` }}>
        <div role="gridcell">
          <Item row={row} current={current} onOpen={onOpen} tabIndex={stop ? 0 : -1}>
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
        </div>
      </div>
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
      {rows.length > 0 && <Rows rows={rows} current={current} label="board" row={(place) => <BoardRow key={place.row.session} {...place} me={me} onOpen={onOpen} />} />}
      {onMore !== null && <button type="button" class="small" data-more onClick={onMore}>More</button>}
    </section>
  );
}
