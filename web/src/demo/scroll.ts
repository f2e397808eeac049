/**
 * Scroll stays where the reader put it: at the end it follows what comes, anywhere else nothing moves, and older
 * entries that are put in front push nothing away.
 */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";

const NEAR = 48;

interface Scroll<T extends HTMLElement> {
  readonly box: RefObject<T>;
  readonly onScroll: () => void;
  /** Something came that the reader does not see. */
  readonly behind: boolean;
  readonly toEnd: () => void;
}

/** `first` names what is drawn first, `last` what is drawn last and how far it is. */
export function useScroll<T extends HTMLElement>(first: string, last: unknown): Scroll<T> {
  const box = useRef<T>(null);
  const pinned = useRef(true);
  const before = useRef({ first, height: 0, shown: 0, last });
  const [behind, setBehind] = useState(false);

  const toEnd = useCallback(() => {
    pinned.current = true;
    setBehind(false);
    box.current?.scrollTo({ top: box.current.scrollHeight });
  }, []);
  const onScroll = useCallback(() => {
    const at = box.current;
    if (at === null) return;
    pinned.current = at.scrollHeight - at.scrollTop - at.clientHeight < NEAR;
    if (pinned.current) setBehind(false);
  }, []);
  useLayoutEffect(() => {
    const at = box.current;
    if (at === null) return;
    // The event of a scroll comes a frame later than the scroll: what is drawn in between must not undo it.
    const { height, shown } = before.current;
    if (Math.min(height, at.scrollHeight) - at.scrollTop - Math.max(shown, at.clientHeight) >= NEAR) pinned.current = false;
    if (pinned.current) at.scrollTop = at.scrollHeight;
    else if (before.current.first !== first) at.scrollTop += at.scrollHeight - height;
    if (!pinned.current && before.current.last !== last) setBehind(true);
    before.current = { first, height: at.scrollHeight, shown: at.clientHeight, last };
  });
  useEffect(() => {
    // A keyboard that comes up, an image that arrives, a window that turns.
    const stay = new ResizeObserver(() => {
      if (pinned.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
    });
    if (box.current !== null) stay.observe(box.current);
    return () => stay.disconnect();
  }, []);
  return { box, onScroll, behind, toEnd };
}
