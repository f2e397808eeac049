/** The session as it sounds: all of the call on one strip, and the message that is heard again. */
import type { JSX } from "preact";
import type { View } from "../client";
import { CourseStrip } from "../demo/course_strip";
import { useFollowed } from "../demo/following";
import type { Hearing } from "../demo/hearing";
import { ReplayStrip } from "../demo/replay_strip";

export function Timeline({ view: { state }, hearing }: { view: View; hearing: Hearing }): JSX.Element {
  useFollowed(hearing.course, state);
  return (
    <div class="sound">
      <CourseStrip hearing={hearing} />
      <ReplayStrip hearing={hearing} />
    </div>
  );
}
