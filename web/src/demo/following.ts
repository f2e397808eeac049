/** Keeps a strip of the whole call up to date while it is shown: after what was said or heard, and while somebody is in a call. */
import { useEffect, useMemo } from "preact/hooks";
import type { State } from "../client/generated";
import { transcript } from "../client/state";
import type { Course } from "./course";
import { sounds } from "./recital";

/** It is looked at so long after something was said or heard. */
const SETTLED_MS = 600;
/** While somebody is in a call it is looked at so often: there is always more. */
const EACH_MS = 10_000;

/** Names what was said aloud and what of it was heard: it changes where there may be more of the call; "": nothing sounds. */
export function saidAloud(state: Pick<State, "entries">): string {
  const all = transcript(state).filter((one) => one.entry === "message" && sounds(one));
  const last = all.at(-1);
  return last?.entry === "message" ? `${all.length} ${last.id} ${last.speech_end} ${last.settled.length}` : "";
}

export function useFollowed(course: Course, state: State, shown = true): void {
  const calls = Object.values(state.attachments).some((one) => one.call !== "");
  const said = useMemo(() => saidAloud(state), [state.entries]);
  useEffect(() => {
    if (!shown || (said === "" && !calls)) return undefined; // nobody looks; or nothing sounds, and nothing did
    const timer = setTimeout(() => void course.load(), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [course, shown, calls ? said === "" : said, calls]);
  useEffect(() => {
    if (!shown || !calls) return undefined;
    const timer = setInterval(() => document.hidden || void course.load(), EACH_MS);
    return () => clearInterval(timer);
  }, [course, shown, calls]);
}
