/** The voice of this page is another device's now: the page is silent from then on, and says so once. */
import type { Session } from "../client";
import { takenFrom } from "../client/modality";
import type { Voice } from "./voice";

/** Stop `voice` when the log says so; returns how to heed it no longer. */
export function stopWhenTaken(session: Pick<Session, "view" | "onEvents">, voice: Pick<Voice, "current" | "stop">): () => void {
  return session.onEvents((events) => {
    // That it stops is an event, too, by which the voice is still another's: who has stopped does not stop again.
    if (voice.current.state !== "off" && takenFrom(session.view, events)) void voice.stop();
  });
}
