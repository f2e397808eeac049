/**
 * A list of thousands of rows, of which only those near what is seen are in the page; besides, the one that is open, and the one
 * that `Tab` comes to. Arrows go from row to row. What is read stays where it is while others come: the row that was gone to by
 * keys, or the one that is open, if it is seen, or else the topmost; but who sees the beginning of the list sees the newest come.
 */
import { Component, createRef, type JSX } from "preact";
import type { Row } from "./hub";
import { stepped } from "./keys";
import { between, Heights, topsOf } from "./stack";

/** So many px are drawn above and below of what is seen. */
const MARGIN = 600;
/** What is drawn moves on by so many px, not with each one that is scrolled. */
const STEP = 200;

/** A row that is drawn: the so-manieth, `top` px from the first. */
export interface Place {
  readonly row: Row;
  readonly index: number;
  readonly top: number;
  readonly current: boolean;
  /** Whether `Tab` comes to it. */
  readonly stop: boolean;
}

interface Props {
  readonly rows: readonly Row[];
  /** The session that is open. */
  readonly current: string;
  /** The id of what names the list. */
  readonly label: string;
  readonly row: (place: Place) => JSX.Element;
}

interface Drawn {
  /** The stretch that is seen, in steps, px from the first row. */
  readonly from: number;
  readonly to: number;
  /** The row that was gone to last. */
  readonly active: string;
}

/** How the rows lie. */
interface Laid {
  readonly rows: readonly Row[];
  readonly tops: Float64Array;
  /** From the top of what is seen to the first row, px, where it was scrolled to `scrolled`. */
  readonly at: number;
  readonly scrolled: number;
}

/** What stays where it is: px from the top of what is seen. */
interface Anchor {
  readonly session: string;
  readonly place: number;
}

interface Before {
  readonly anchor: Anchor | null;
  /** The row that had the focus. */
  readonly focused: string;
}

const NOWHERE: Laid = { rows: [], tops: new Float64Array(1), at: 0, scrolled: 0 };

function placeOf(rows: readonly Row[], session: string): number {
  return session === "" ? -1 : rows.findIndex((row) => row.session === session);
}

/** The row to hold on to: the first of `wanted` that is seen, or else the topmost; but none that moved by itself. */
export function anchorOf(laid: Laid, seen: number, wanted: readonly string[], next: readonly Row[]): Anchor | null {
  const [first, end] = between(laid.tops, -laid.at, seen - laid.at);
  const there = laid.rows === next ? null : new Set(next);
  const stay = laid.rows.slice(first, end).flatMap((row, place) => (there?.has(row) ?? true ? [{ session: row.session, place: laid.at + (laid.tops[first + place] ?? 0) }] : []));
  const whole = stay.filter(({ place }) => place >= 0);
  return stay.find(({ session }) => wanted.includes(session)) ?? whole[0] ?? stay[0] ?? null;
}

export class Rows extends Component<Props, Drawn> {
  override state: Drawn = { from: 0, to: 0, active: "" };
  private readonly box = createRef<HTMLDivElement>();
  private readonly heights = new Heights();
  private laid = NOWHERE;
  /** How they lie once what was rendered is in the page. */
  private next = NOWHERE;
  private scroller: HTMLElement | null = null;
  private sizes: ResizeObserver | null = null;
  private width = 0;
  /** The row to go to once it is in the page. */
  private wanted = "";

  override componentDidMount(): void {
    const scroller = this.box.current?.closest("nav") ?? null;
    this.scroller = scroller;
    if (scroller === null) return;
    scroller.addEventListener("scroll", this.look, { passive: true });
    this.sizes = new ResizeObserver(() => {
      if (scroller.clientWidth !== this.width) this.heights.forget();
      this.width = scroller.clientWidth;
      this.setState({});
    });
    this.sizes.observe(scroller);
    this.settle();
  }

  override componentWillUnmount(): void {
    this.scroller?.removeEventListener("scroll", this.look);
    this.sizes?.disconnect();
  }

  override getSnapshotBeforeUpdate(): Before {
    const focus = document.activeElement instanceof HTMLElement && this.box.current?.contains(document.activeElement) === true ? document.activeElement : null;
    const focused = focus?.dataset["session"] ?? "";
    const seen = this.scroller?.clientHeight ?? 0;
    const scrolled = this.scroller?.scrollTop ?? 0;
    const byKeys = focus?.matches(":focus-visible") === true;
    const laid = { ...this.laid, at: this.laid.at - (scrolled - this.laid.scrolled) };
    if (seen === 0 || (laid.at >= 0 && !byKeys)) return { anchor: null, focused };
    return { anchor: anchorOf(laid, seen, byKeys ? [focused] : [this.props.current], this.next.rows), focused };
  }

  override componentDidUpdate(_: Props, __: Drawn, { anchor, focused }: Before): void {
    const { rows } = this.next;
    const before = placeOf(this.laid.rows, focused);
    const gone = focused !== "" && placeOf(rows, focused) < 0;
    this.hold(anchor);
    this.settle();
    // The row that one was at went: one is at what stands there now.
    if (gone) this.goTo(rows[Math.min(Math.max(0, before), rows.length - 1)]?.session ?? "");
    if (this.wanted !== "") this.focus(this.wanted);
  }

  override render({ rows, current, label, row }: Props, { from, to, active }: Drawn): JSX.Element {
    const names = rows.map(({ session }) => session);
    this.heights.keep(names);
    const tops = topsOf(names, this.heights);
    this.next = { ...this.laid, rows, tops };
    const open = placeOf(rows, current);
    const here = placeOf(rows, active);
    const stop = here >= 0 ? here : Math.max(0, open);
    const [first, end] = between(tops, from - MARGIN, to + MARGIN);
    const drawn = new Set(Array.from({ length: end - first }, (_, place) => first + place)).add(stop);
    if (open >= 0) drawn.add(open);
    const places = [...drawn].sort((a, b) => a - b);
    return (
      <div role="grid" class="board-rows" aria-labelledby={label} aria-rowcount={rows.length} ref={this.box} style={{ height: `${tops[rows.length] ?? 0}px` }} onKeyDown={this.onKey} onFocusIn={this.onFocus}>
        {places.map((index) => {
          const one = rows[index];
          return one === undefined ? null : row({ row: one, index, top: tops[index] ?? 0, current: index === open, stop: index === stop });
        })}
      </div>
    );
  }

  /** Scroll so that it is where it was. */
  private hold(anchor: Anchor | null): void {
    const place = anchor === null ? -1 : placeOf(this.next.rows, anchor.session);
    if (anchor === null || place < 0 || this.scroller === null) return;
    const moved = this.at() + (this.next.tops[place] ?? 0) - anchor.place;
    if (Math.abs(moved) >= 1) this.scroller.scrollTop += moved;
  }

  /** What was rendered is in the page: learn how high it is, and what is seen now. */
  private settle(): void {
    this.laid = this.next;
    let other = false;
    for (const one of this.box.current?.children ?? []) {
      const { row } = (one as HTMLElement).dataset;
      if (row !== undefined && this.heights.set(row, (one as HTMLElement).offsetHeight)) other = true;
    }
    this.look();
    if (other) this.setState({});
  }

  /** From the top of what is seen to the first row. */
  private at(): number {
    return (this.box.current?.getBoundingClientRect().top ?? 0) - (this.scroller?.getBoundingClientRect().top ?? 0);
  }

  private readonly look = (): void => {
    const seen = this.scroller?.clientHeight ?? 0;
    if (seen === 0) return; // while a session is open on a phone the lists are not shown
    const at = this.at();
    this.laid = { ...this.laid, at, scrolled: this.scroller?.scrollTop ?? 0 };
    const [from, to] = [Math.floor(-at / STEP) * STEP, Math.ceil((seen - at) / STEP) * STEP];
    if (from !== this.state.from || to !== this.state.to) this.setState({ from, to });
  };

  private readonly onFocus = (event: FocusEvent): void => {
    const session = (event.target as HTMLElement).dataset["session"] ?? "";
    if (session !== "" && session !== this.state.active) this.setState({ active: session });
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    const { rows } = this.props;
    const from = placeOf(rows, (event.target as HTMLElement).dataset["session"] ?? "");
    const to = from < 0 ? from : stepped(event, from, rows.length);
    if (to < 0) return;
    event.preventDefault();
    this.goTo(rows[to]?.session ?? "");
  };

  private goTo(session: string): void {
    if (session === "") return;
    this.wanted = session;
    this.setState({ active: session });
  }

  private focus(session: string): void {
    const button = this.box.current?.querySelector<HTMLElement>(`button[data-session="${CSS.escape(session)}"]`) ?? null;
    if (button === null) return;
    this.wanted = "";
    button.focus({ preventScroll: true });
    button.scrollIntoView({ block: "nearest" });
  }
}
