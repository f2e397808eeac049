/** Voice on and off, mute, which microphone, how loud. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { readGoOn } from "../voice/ledger";
import type { VoiceView } from "../voice/view";
import type { Voice } from "../voice/voice";
import { Icon } from "./icons";
import { Meter } from "./meter";
import type { VoiceHook } from "./voice_hook";

export function Talk({ voice: { voice, view } }: { voice: VoiceHook }): JSX.Element {
  const on = view.state !== "off";
  return (
    <button
      type="button"
      class={`talk ${on ? "live" : "primary"}`}
      data-voice={view.state}
      aria-label={on ? "End the call" : "Talk"}
      onPointerEnter={() => voice.near()}
      onFocus={() => voice.near()}
      onPointerDown={() => {
        voice.near();
        void voice.output.warm();
      }}
      onClick={() => void (on ? voice.stop() : voice.start())}
    >
      <Icon name={on ? "hangUp" : "talk"} />
      <span>{on ? "End" : "Talk"}</span>
    </button>
  );
}

const WORDS: Record<VoiceView["state"], string> = {
  off: "",
  calling: "Connecting your voice…",
  live: "The agent hears you.",
  failed: "Voice does not get through.",
};

function stateOf(view: VoiceView): string {
  if (view.state !== "live") return WORDS[view.state];
  if (view.held) return "On hold: nobody hears you, and what is said waits.";
  if (view.microphone !== "open") return "You hear the agent. It does not hear you.";
  return view.muted ? "You are muted: nobody hears you." : WORDS.live;
}

/** What a person should know: what is wrong, or how it stands. */
function saidOf(view: VoiceView): string {
  if (view.advice !== "") return view.advice;
  return view.refusedAnother ? `The other microphone could not be opened. ${stateOf(view)}` : stateOf(view);
}

/** The strip under the transcript while voice is on. It keeps its height, so that nothing jumps. */
export function VoiceStrip({ voice: { voice, view } }: { voice: VoiceHook }): JSX.Element | null {
  if (view.state === "off") return null;
  return (
    <section class="voice-strip" aria-label="Voice" data-microphone={view.microphone}>
      <MeterPair voice={voice} />
      <span class={view.advice === "" && !view.refusedAnother ? "voice-state" : "voice-state advice"} role="status">
        {saidOf(view)}
      </span>
      {view.needsTap && (
        <button type="button" class="primary small" onClick={() => void voice.tap()}>
          Tap to hear again
        </button>
      )}
      {view.microphone === "open" && (
        <button type="button" class="small" aria-label={view.muted ? "Unmute" : "Mute"} onClick={() => voice.microphone.mute(!view.muted)}>
          <Icon name={view.muted ? "muted" : "talk"} /> <span>{view.muted ? "Unmute" : "Mute"}</span>
        </button>
      )}
      {view.state === "live" && <HoldButton voice={voice} held={view.held} />}
      {(view.microphone === "denied" || view.microphone === "absent") && (
        <button type="button" class="small" onClick={() => void voice.microphone.open()}>
          Try again
        </button>
      )}
      {view.microphone === "open" && <Devices voice={voice} view={view} />}
      <AfterGap voice={voice} />
    </section>
  );
}

/** Hold and go on, by the button or by Alt+H wherever the focus is. */
function HoldButton({ voice, held }: { voice: Voice; held: boolean }): JSX.Element {
  useEffect(() => {
    const toggle = (event: KeyboardEvent): void => {
      if (!event.altKey || event.ctrlKey || event.metaKey || event.code !== "KeyH" || event.repeat) return;
      event.preventDefault();
      void voice.hold.set(!held);
    };
    addEventListener("keydown", toggle);
    return () => removeEventListener("keydown", toggle);
  }, [voice, held]);
  return (
    <button type="button" class="small" aria-label={held ? "Go on" : "Hold"} aria-keyshortcuts="Alt+H" title={`${held ? "Go on" : "Hold"} (Alt+H)`} onClick={() => void voice.hold.set(!held)}>
      <Icon name={held ? "unhold" : "hold"} /> <span>{held ? "Go on" : "Hold"}</span>
    </button>
  );
}

function MeterPair({ voice }: { voice: Voice }): JSX.Element {
  const [levels] = useState(() => ({ you: () => voice.microphone.level(), agent: () => voice.output.level() }));
  return (
    <>
      <Meter level={levels.you} label="you" />
      <Meter level={levels.agent} label="agent" />
    </>
  );
}

function AfterGap({ voice }: { voice: Voice }): JSX.Element {
  const [then, setThen] = useState(voice.playout.afterGap);
  return (
    <select
      aria-label="After a gap"
      title="How the agent's speech goes on after a gap"
      value={then}
      onChange={(event) => setThen((voice.playout.afterGap = readGoOn(event.currentTarget.value)))}
    >
      <option value="">after a gap: as suits</option>
      <option value="rest">after a gap: hear the rest</option>
      <option value="catch_up">after a gap: catch up, faster</option>
      <option value="live">after a gap: read what was missed</option>
    </select>
  );
}

function Devices({ voice, view }: { voice: Voice; view: VoiceView }): JSX.Element | null {
  const [devices, setDevices] = useState<readonly MediaDeviceInfo[]>([]);
  // Their names are known once one is open. To ask wakes the browser's capture, so not at every change of the view.
  useEffect(() => {
    const list = (): void => void voice.microphone.devices().then(setDevices);
    list();
    navigator.mediaDevices?.addEventListener("devicechange", list);
    return () => navigator.mediaDevices?.removeEventListener("devicechange", list);
  }, [voice, view.microphone, view.device]);
  if (devices.length < 2) return null;
  return (
    <select aria-label="Microphone" value={view.device} onChange={(event) => void voice.microphone.open(event.currentTarget.value)}>
      <option value="">default microphone</option>
      {devices.map((device) => (
        <option key={device.deviceId} value={device.deviceId}>
          {device.label}
        </option>
      ))}
    </select>
  );
}
