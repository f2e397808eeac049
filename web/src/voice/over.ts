/**
 * The conversation has ended: nobody heeds this page any more, so its microphone closes at once. What the agent had said
 * by then the hub speaks to its end, as a goodbye is; the voice stops when no more of it comes. Where this page's
 * connection has ended for good, nothing does.
 */
import type { Session } from "../client";
import type { Microphone } from "./microphone";
import type { Output } from "./output";
import type { VoiceView } from "./view";

const LOOK_MS = 100;
/** Silence after which nothing more is to come: what was written last may have to be made yet. */
const SILENT_MS = 3_000;
const SILENCE = 0.005;

/** What of a voice is needed. */
export interface Stopped {
  readonly current: Pick<VoiceView, "state" | "microphone">;
  readonly microphone: Pick<Microphone, "close">;
  readonly output: Pick<Output, "level">;
  onChange(listener: (view: VoiceView) => void): () => void;
  stop(): Promise<void>;
}

/** Stop `voice` when there is nobody to talk with any more; whoever begins after that is stopped likewise. */
export function stopWhenOver(session: Pick<Session, "view" | "onChange">, voice: Stopped): void {
  let timer: ReturnType<typeof setInterval> | null = null;
  let soundedAt = 0;
  /** It was told to stop, which takes it a while. */
  let stopping = false;
  const rest = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
    stopping = false;
  };
  const stop = (): void => {
    stopping = true;
    void voice.stop();
  };
  const look = (): void => {
    const now = performance.now();
    if (voice.output.level() > SILENCE) soundedAt = now;
    if (now - soundedAt >= SILENT_MS && !stopping) stop();
  };
  const changed = (): void => {
    const { state, microphone } = voice.current;
    const { ended, state: log } = session.view;
    if (state === "off") return rest();
    if (stopping) return;
    if (ended !== null) return stop();
    if (!log.ended) return;
    if (timer === null) {
      soundedAt = performance.now();
      timer = setInterval(look, LOOK_MS);
    }
    if (microphone === "asking" || microphone === "open") voice.microphone.close();
  };
  session.onChange(changed);
  voice.onChange(changed);
}
