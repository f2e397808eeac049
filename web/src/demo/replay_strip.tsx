/**
 * What is heard again: two tracks, people above, agents below, and how far it is. The word that sounds is marked in the
 * transcript, where the browser can mark a text without changing it.
 */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Hearing } from "./hearing";
import { Icon } from "./icons";
import type { Clip, Replay } from "./replay";
import { clock } from "./strip";
import { placeOf, rangeOf, wordAround } from "./word_at";

const BARS = 160;
const STEP_MS = 50;
const MARK = "heard-again";

/** How loud each of `bars` equal pieces of the clip is at most, 0 to 1. */
export function peaks(samples: Float32Array, bars: number): number[] {
  const piece = Math.max(1, Math.ceil(samples.length / bars));
  return Array.from({ length: bars }, (_, bar) => {
    let most = 0;
    for (let at = bar * piece; at < Math.min((bar + 1) * piece, samples.length); at += 8) most = Math.max(most, Math.abs(samples[at] ?? 0));
    return most;
  });
}

export function ReplayStrip({ hearing: { replay, view } }: { hearing: Hearing }): JSX.Element | null {
  const canvas = useRef<HTMLCanvasElement>(null);
  const time = useRef<HTMLSpanElement>(null);
  const clip = view.playing?.clip ?? null;
  useEffect(() => {
    if (clip === null) return undefined;
    const bars = peaks(clip.buffer.getChannelData(0), BARS);
    const draw = (): void => {
      if (canvas.current !== null) paint(canvas.current, bars, clip.person, replay.position / clip.buffer.duration);
      if (time.current !== null) time.current.textContent = `${clock(replay.position)} / ${clock(clip.buffer.duration)}`;
      mark(clip, replay);
    };
    draw();
    const timer = setInterval(draw, STEP_MS);
    return () => {
      clearInterval(timer);
      CSS.highlights?.delete(MARK);
    };
  }, [clip, replay]);
  const shown = view.playing !== null || view.problem !== "";
  useEffect(() => {
    if (!shown) return undefined;
    const close = (event: KeyboardEvent): void => {
      if (event.key !== "Escape") return;
      event.stopImmediatePropagation(); // it stops the replay, and no answer
      replay.stop();
    };
    addEventListener("keydown", close, true);
    return () => removeEventListener("keydown", close, true);
  }, [shown, replay]);
  if (!shown) return null;
  return (
    <section class="voice-strip replay" aria-label="Heard again" data-replay={view.playing?.message ?? ""} data-sounds={clip !== null}>
      <button type="button" class="round plain" onClick={() => replay.stop()} aria-label={view.playing === null ? "Close" : "Stop the replay"}>
        <Icon name={view.playing === null ? "close" : "stop"} />
      </button>
      {view.problem !== "" ? (
        <span class="voice-state" role="alert">{view.problem}</span>
      ) : (
        <>
          <span class="lanes quiet" aria-hidden="true"><span>people</span><span>agent</span></span>
          <canvas ref={canvas} width={BARS * 4} height={64} role="img" aria-label={clip === null ? "Fetching the sound" : `Waveform: ${clip.person ? "a person" : "the agent"} speaks`} />
          <span class="quiet time" ref={time}>{clip === null ? "fetching…" : ""}</span>
        </>
      )}
    </section>
  );
}

function paint(canvas: HTMLCanvasElement, bars: readonly number[], person: boolean, played: number): void {
  const pen = canvas.getContext("2d");
  if (pen === null) return;
  const { width, height } = canvas;
  const lane = height / 2;
  pen.clearRect(0, 0, width, height);
  pen.fillStyle = getComputedStyle(canvas).color;
  bars.forEach((bar, place) => {
    const x = place * 4;
    const tall = Math.max(2, Math.min(1, bar * 1.5) * (lane - 4));
    const [mine, other] = person ? [0, lane] : [lane, 0];
    pen.globalAlpha = place / bars.length <= played ? 1 : 0.4;
    pen.fillRect(x, mine + (lane - tall) / 2, 3, tall);
    pen.globalAlpha = 0.25;
    pen.fillRect(x, other + lane / 2 - 1, 3, 2);
  });
  pen.globalAlpha = 1;
  pen.fillRect(Math.min(width - 2, played * width), 0, 2, height);
}

/** Mark the word that sounds. */
function mark(clip: Clip, replay: Replay): void {
  const { highlights } = CSS;
  const text = document.querySelector(`[data-message="${CSS.escape(clip.message)}"] .text`);
  if (highlights === undefined || text === null) return;
  const shown = text.textContent ?? "";
  const [start, end] = wordAround(shown, placeOf(shown, replay.textOf(clip.message), replay.character));
  highlights.set(MARK, new Highlight(rangeOf(text, start, end)));
}
