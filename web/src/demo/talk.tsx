/** Voice on and off, mute, which microphone, how loud. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Session } from "../client";
import { Voice, type VoiceView } from "../voice/voice";

function Meter({ level, label }: { level: () => number; label: string }): JSX.Element {
  const bar = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    let running = true;
    const draw = (): void => {
      if (!running) return;
      bar.current?.style.setProperty("--level", String(Math.min(1, level() * 6)));
      requestAnimationFrame(draw);
    };
    draw();
    return () => {
      running = false;
    };
  }, [level]);
  return <span class="meter" ref={bar} role="img" aria-label={label} />;
}

function Devices({ voice, view }: { voice: Voice; view: VoiceView }): JSX.Element | null {
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([]);
  useEffect(() => {
    void voice.devices().then(setDevices);
  }, [voice, view.state]);
  if (devices.length < 2) return null;
  return (
    <select aria-label="Microphone" value={view.device} onChange={(event) => void voice.choose(event.currentTarget.value)}>
      <option value="">default microphone</option>
      {devices.map((device) => (
        <option key={device.deviceId} value={device.deviceId}>
          {device.label}
        </option>
      ))}
    </select>
  );
}

export function Talk({ session }: { session: Session }): JSX.Element {
  const voice = useMemo(() => new Voice(session), [session]);
  const [view, setView] = useState<VoiceView>(voice.current);
  useEffect(() => voice.onChange(setView), [voice]);
  useEffect(() => {
    Object.assign(globalThis, { legatoVoice: voice });
  }, [voice]);
  const on = view.state === "live" || view.state === "starting" || view.state === "denied";
  const hear = useMemo(() => () => voice.output.level(), [voice]);
  const speak = useMemo(() => () => voice.microphoneLevel(), [voice]);
  return (
    <span class="talk" data-voice={view.state}>
      <button
        type="button"
        class={on ? "live" : "primary"}
        aria-pressed={on}
        onPointerDown={() => void voice.output.warm()}
        onClick={() => void (on ? voice.stop() : voice.start())}
      >
        {on ? "End voice" : "Talk"}
      </button>
      {on && (
        <>
          <button type="button" aria-pressed={view.muted} onClick={() => voice.setMuted(!view.muted)}>
            {view.muted ? "Unmute" : "Mute"}
          </button>
          <Meter level={speak} label="your microphone" />
          <Meter level={hear} label="the agent's voice" />
          <Devices voice={voice} view={view} />
        </>
      )}
      {view.advice !== "" && (
        <span class="advice" role="status">
          {view.advice}
        </span>
      )}
    </span>
  );
}
