/** What is being said aloud now, and what is heard again, for components to draw. */
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Session } from "../client";
import { Replay, type ReplayView } from "./replay";
import { Speaking } from "./speaking";

const LOOK_MS = 1_000;

/** The messages that are being said aloud (true), or were (false). The same map as long as they are the same. */
export function useSpeaking(session: Session): ReadonlyMap<string, boolean> {
  const [speaking, setSpeaking] = useState<ReadonlyMap<string, boolean>>(new Map());
  useEffect(() => {
    const machine = new Speaking();
    const stop = session.onEvents((events) => {
      if (machine.see(events, performance.now())) setSpeaking(machine.messages);
    });
    const timer = setInterval(() => machine.expire(performance.now()) && setSpeaking(machine.messages), LOOK_MS);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, [session]);
  return speaking;
}

export interface Hearing {
  readonly replay: Replay;
  readonly view: ReplayView;
}

export function useReplay(session: Session): Hearing {
  const replay = useMemo(() => new Replay(session), [session]);
  const [view, setView] = useState<ReplayView>(replay.view);
  useEffect(() => {
    const stops = [replay.onChange(setView), session.onEvents((events) => replay.see(events))];
    return () => stops.forEach((stop) => stop());
  }, [session, replay]);
  return { replay, view };
}
