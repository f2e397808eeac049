/** Hearing the session, and the microphone: one that is live is unmistakable. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Ears } from "./ears";
import { keyed } from "./keys";

export function Listening({ ears }: { ears: Ears }): JSX.Element {
  const [view, setView] = useState(ears.voice.current);
  useEffect(() => ears.onChange(setView), [ears]);
  const hears = view.state !== "off";
  const armed = view.microphone === "open";
  const live = armed && !view.muted;
  return (
    <span class="listening" data-hears={view.state} data-microphone={live ? "live" : armed ? "armed" : "off"}>
      <button type="button" class="small" {...keyed("l")} onClick={() => void (hears ? ears.stop() : ears.listen())}>
        {hears ? "Stop listening" : "Listen"} <kbd>l</kbd>
      </button>
      {armed ? (
        <span class={live ? "tag mic live" : "tag mic"} role="status">{live ? "Microphone live" : "Microphone armed, sends nothing"}</span>
      ) : (
        <button type="button" class="small" {...keyed("a")} onClick={() => void ears.arm()}>Arm microphone <kbd>a</kbd></button>
      )}
      {view.state === "failed" && <span class="quiet" role="status">{view.advice}</span>}
    </span>
  );
}
