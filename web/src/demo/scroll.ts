/**
 * Scroll stays where the reader put it: at the end it follows what comes, anywhere else what is read stays where it is, whatever
 * becomes of what stands above it: older entries that are put in front, a block that is drawn and turns out taller than was thought.
 */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";

const NEAR = 48;
/** What is nearer to the reader than twice what they see is drawn. */
const MARGIN = "200% 0px";

interface Scroll<T extends HTMLElement> {
  readonly box: RefObject<T>;
  readonly onScroll: () => void;
  /** Something came that the reader does not see. */
  readonly behind: boolean;
  readonly toEnd: () => void;
  /** Be told when a block of the box is nearly seen; returns how to stop. */
  readonly watch: (block: Element, near: () => void) => () => void;
}

/** What is read: the topmost entry that is seen, in which block, and how far it is from the top of all. */
interface Reading {
  readonly block: Element;
  readonly entry: Element;
  readonly place: number;
}

function placeIn(box: Element, entry: Element): number {
  return entry.getBoundingClientRect().top - box.getBoundingClientRect().top + box.scrollTop;
}

/** The first of `rows`, which stand one below the other, that ends below `top`. */
function firstBelow(rows: HTMLCollection, top: number): Element | undefined {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.getBoundingClientRect().bottom ?? 0) > top) high = middle;
    else low = middle + 1;
  }
  return rows[low];
}

function readingIn(box: Element): Reading | null {
  const { top } = box.getBoundingClientRect();
  let block: Element | null | undefined = firstBelow(box.children, top);
  while (block?.classList.contains("block") === false) block = block.nextElementSibling;
  const entry = block == null ? undefined : firstBelow(block.children, top);
  return block == null || entry === undefined ? null : { block, entry, place: placeIn(box, entry) };
}

/** The entry that is read, which may have been drawn anew, and in another block. */
function entryOf(box: Element, { block, entry }: Reading): Element | null {
  if (entry.isConnected) return entry;
  const { message, tool } = (entry as HTMLElement).dataset;
  const name = message === undefined ? `[data-tool="${CSS.escape(tool ?? "")}"]` : `[data-message="${CSS.escape(message)}"]`;
  return block.querySelector(name) ?? box.querySelector(name);
}

/** How far the browser scrolled up by itself, for there is less than there was `before`: not as far down as one had read. */
function cutShort(box: Element, before: { readonly height: number; readonly top: number }): number {
  const atEnd = box.scrollTop >= box.scrollHeight - box.clientHeight - 1;
  return atEnd && box.scrollHeight < before.height ? Math.max(0, before.top - box.scrollTop) : 0;
}

/** Who is told of what is nearly seen, and that sizes change. */
class Watch {
  private readonly told = new Map<Element, () => void>();
  private readonly nears: IntersectionObserver;
  private readonly sizes: ResizeObserver;

  constructor(box: Element, onSize: () => void) {
    const near = (seen: readonly IntersectionObserverEntry[]): void => seen.forEach(({ isIntersecting, target }) => isIntersecting && this.told.get(target)?.());
    this.nears = new IntersectionObserver(near, { root: box, rootMargin: MARGIN });
    this.sizes = new ResizeObserver(onSize);
    this.sizes.observe(box);
  }

  add(block: Element, near: () => void): () => void {
    this.told.set(block, near);
    this.nears.observe(block);
    this.sizes.observe(block);
    return () => {
      this.told.delete(block);
      this.nears.unobserve(block);
      this.sizes.unobserve(block);
    };
  }

  end(): void {
    this.nears.disconnect();
    this.sizes.disconnect();
  }
}

/** `settle`: a size changed, be it of the box (a keyboard that comes up, a window that turns) or of a block (an image that arrives). */
function useWatch(box: RefObject<Element>, settle: () => void): Scroll<HTMLElement>["watch"] {
  const watching = useRef<Watch | null>(null);
  useEffect(() => {
    if (watching.current === null && box.current !== null) watching.current = new Watch(box.current, settle);
    return () => watching.current?.end();
  }, [settle]);
  return useCallback(
    (block, near) => {
      if (watching.current === null && box.current !== null) watching.current = new Watch(box.current, settle);
      return watching.current?.add(block, near) ?? (() => undefined);
    },
    [settle],
  );
}

/** `last` names what is drawn last and how far it is; `atEnd`: the reader went there. */
export function useScroll<T extends HTMLElement>(last: unknown, atEnd: () => void): Scroll<T> {
  const box = useRef<T>(null);
  const pinned = useRef(true);
  const reading = useRef<Reading | null>(null);
  const before = useRef({ height: 0, shown: 0, top: 0 });
  const newest = useRef(last);
  const [behind, setBehind] = useState(false);

  const toEnd = useCallback(() => {
    pinned.current = true;
    setBehind(false);
    box.current?.scrollTo({ top: box.current.scrollHeight });
  }, []);
  /** Whether the reader went away from the end, as it was when all was put in its place: what grew since is not their doing. */
  const left = useCallback((at: T): boolean => {
    const { height, shown } = before.current;
    return Math.min(height, at.scrollHeight) - at.scrollTop - Math.max(shown, at.clientHeight) >= NEAR;
  }, []);
  /** Put what is read, or the end, where it was. */
  const settle = useCallback(() => {
    const at = box.current;
    if (at === null) return;
    // The event of a scroll comes a frame later than the scroll: what is drawn in between must not undo it.
    if (left(at)) pinned.current = false;
    const entry = reading.current === null ? null : entryOf(at, reading.current);
    if (pinned.current) at.scrollTop = at.scrollHeight;
    else if (reading.current !== null && entry !== null) at.scrollTop += cutShort(at, before.current) + placeIn(at, entry) - reading.current.place;
    reading.current = pinned.current ? null : readingIn(at);
    before.current = { height: at.scrollHeight, shown: at.clientHeight, top: at.scrollTop };
  }, [left]);
  const watch = useWatch(box, settle);
  const onScroll = useCallback(() => {
    const at = box.current;
    if (at === null) return;
    pinned.current = !left(at);
    before.current = { ...before.current, top: at.scrollTop };
    if (pinned.current) {
      setBehind(false);
      atEnd();
    }
    reading.current = pinned.current ? null : readingIn(at);
  }, [left, atEnd]);
  useLayoutEffect(() => {
    settle();
    if (!pinned.current && newest.current !== last) setBehind(true);
    newest.current = last;
  });
  return { box, onScroll, behind, toEnd, watch };
}
