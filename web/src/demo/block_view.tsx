/**
 * One block of a transcript. Before it is nearly seen it has its words and nothing else, so that it is found and read aloud like the
 * others; from then on it stays as it is. Where it is not seen the browser lays nothing out (`.block`).
 */
import { Component, createRef, type JSX } from "preact";
import type { Entry } from "../client";
import type { Block } from "./blocks";
import { textOf } from "./recital";

/** What an entry takes where nothing is laid out, in rem: two lines. It is a guess until the block is seen. */
const USUAL_REM = 5.5;

/** How the entries of a transcript are drawn; another object where any of them may look otherwise. */
export interface Look {
  /** An entry, and what stands behind it. */
  readonly row: (entry: Entry) => readonly JSX.Element[];
  /** What stands before all entries. */
  readonly before: readonly JSX.Element[];
  readonly beside: readonly JSX.Element[];
  readonly nameOf: (id: string) => string;
}

export interface BlockProps {
  readonly block: Block;
  readonly look: Look;
  /** Whether it is drawn whole, seen or not. */
  readonly whole: boolean;
  /** The entries that were drawn whole: they stay so, whatever block they are in. */
  readonly drawn: Set<string>;
  /** Be told when it is nearly seen; returns how to stop. */
  readonly watch: (node: Element, near: () => void) => () => void;
}

interface Seen {
  readonly near: boolean;
}

export class BlockView extends Component<BlockProps, Seen> {
  override state: Seen = { near: false };
  private readonly node = createRef<HTMLDivElement>();
  private unwatch: () => void = () => undefined;

  override componentDidMount(): void {
    if (this.node.current !== null) this.unwatch = this.props.watch(this.node.current, () => this.state.near || this.setState({ near: true }));
  }

  override componentWillUnmount(): void {
    this.unwatch();
  }

  override shouldComponentUpdate(next: BlockProps, { near }: Seen): boolean {
    const now = this.props;
    return next.block !== now.block || next.look !== now.look || next.whole !== now.whole || near !== this.state.near;
  }

  override render({ block: { entries }, look, whole, drawn }: BlockProps, { near }: Seen): JSX.Element {
    const all = whole || near || entries.some((entry) => drawn.has(entry.id));
    if (all) for (const entry of entries) drawn.add(entry.id);
    return (
      <div class="block" role="none" ref={this.node} style={{ containIntrinsicBlockSize: `auto ${entries.length * USUAL_REM}rem` }}>
        {entries.flatMap((entry) => (all ? look.row(entry) : [<Words key={entry.id} entry={entry} name={entry.entry === "tool" ? entry.name : look.nameOf(entry.by)} />]))}
      </div>
    );
  }
}

/** What somebody may look for, and nothing that can be pressed. */
function Words({ entry, name }: { entry: Entry; name: string }): JSX.Element {
  const [place, words] = entry.entry === "tool" ? [{ "data-tool": entry.id }, `${entry.status} ${entry.arguments} ${entry.result}`] : [{ "data-message": entry.id }, textOf(entry)];
  return (
    <li class="entry" role="listitem" {...place}>
      <div class="who">{name}</div>
      <div class="text">{words}</div>
    </li>
  );
}
