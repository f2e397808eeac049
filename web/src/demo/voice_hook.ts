/** The page's voice, drawn. */
import { useEffect, useState } from "preact/hooks";
import type { Session } from "../client";
import { stopWhenTaken } from "../voice/taken";
import type { VoiceView } from "../voice/view";
import type { Voice } from "../voice/voice";

export interface VoiceHook {
  readonly voice: Voice;
  readonly view: VoiceView;
}

export function useVoice(session: Session, voice: Voice | null): VoiceHook | null {
  const [view, setView] = useState<VoiceView | null>(voice?.current ?? null);
  useEffect(() => {
    if (voice === null) return undefined;
    Object.assign(globalThis, { legatoVoice: voice });
    const stops = [voice.onChange(setView), stopWhenTaken(session, voice)];
    return () => stops.forEach((stop) => stop());
  }, [session, voice]);
  return voice === null || view === null ? null : { voice, view };
}

/** What somebody is saying, as far as the hub has understood it: a signal, replaced by the final words in the log. */
export function useInterim(session: Session): string {
  const [interim, setInterim] = useState({ turn: "", text: "" });
  useEffect(() => {
    const stops = [
      session.onSignals((signals) => {
        for (const { name, data } of signals) {
          if (name !== "interim" || typeof data !== "object" || data === null) continue;
          const { turn = "", text = "" } = data as { turn?: string; text?: string };
          setInterim({ turn, text });
        }
      }),
      session.onEvents((events) => {
        const over = events.some((event) => event.type === "turn_ended" || (event.type === "message_posted" && event["spoken"] != null));
        if (over) setInterim({ turn: "", text: "" });
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }, [session]);
  return interim.text;
}
