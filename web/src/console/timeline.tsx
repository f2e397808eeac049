/** The session as it sounds: all of the call on one strip, and the message that is heard again. */
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { View } from "../client";
import { transcript } from "../client/state";
import { CourseStrip } from "../demo/course_strip";
import type { Hearing } from "../demo/hearing";
import { sounds } from "../demo/recital";
import { ReplayStrip } from "../demo/replay_strip";

/** It is looked at so long after something was said or heard. */
const SETTLED_MS = 600;
/** While somebody is in a call it is looked at so often: there is always more. */
const EACH_MS = 10_000;

export function Timeline({ view: { state }, hearing }: { view: View; hearing: Hearing }): JSX.Element {
  const { course } = hearing;
  const calls = Object.values(state.attachments).some((one) => one.call !== "");
  /** Changes with what was said, and with what of it was heard. */
  const said = useMemo(() => {
    const all = transcript(state).filter((one) => one.entry === "message" && sounds(one));
    const last = all.at(-1);
    return last?.entry === "message" ? `${all.length} ${last.id} ${last.speech_end} ${last.settled.length}` : "";
  }, [state.entries]);
  useEffect(() => {
    if (said === "" && !calls) return undefined; // nothing sounds, and nothing did
    const timer = setTimeout(() => void course.load(), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [course, calls ? said === "" : said, calls]);
  useEffect(() => {
    if (!calls) return undefined;
    const timer = setInterval(() => document.hidden || void course.load(), EACH_MS);
    return () => clearInterval(timer);
  }, [course, calls]);
  return (
    <div class="sound">
      <CourseStrip hearing={hearing} />
      <ReplayStrip hearing={hearing} />
    </div>
  );
}
