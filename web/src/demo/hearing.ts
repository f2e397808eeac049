/** What is being said aloud now, and what is heard again, for components to draw. */
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Session } from "../client";
import { Course, type CourseView } from "./course";
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
  readonly course: Course;
  readonly all: CourseView;
}

/** A message from any word on, or the call from any place: one of the two sounds. */
export function useReplay(session: Session): Hearing {
  const [replay, course] = useMemo(() => {
    const made = new Replay(session);
    return [made, new Course(session.requests, () => made.view.playing !== null && made.stop())];
  }, [session]);
  const [view, setView] = useState<ReplayView>(replay.view);
  const [all, setAll] = useState<CourseView>(course.view);
  useEffect(() => {
    const stops = [
      replay.onChange((now) => {
        setView(now);
        if (now.playing !== null && course.view.playing) course.stop();
      }),
      course.onChange(setAll),
      session.onEvents((events) => replay.see(events)),
    ];
    return () => {
      course.stop();
      stops.forEach((stop) => stop());
    };
  }, [session, replay, course]);
  return { replay, view, course, all };
}
