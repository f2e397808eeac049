/**
 * The whole call on one strip: who called above, who helped below. A slider lies over it, so that every place is reached by pointer
 * and by keys: let go, or press Enter, and it plays from there.
 */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { barsOf, type Course, type CourseView } from "./course";
import type { Hearing } from "./hearing";
import { Icon } from "./icons";
import { askedBy, clock, placeSaid } from "./strip";

const BAR = 3;
const STEP_MS = 200;
const HEIGHT = 48;

/** Where one would play from, in seconds: where one went, or where it plays. */
function usePlace(course: Course, playing: boolean): readonly [number, (seconds: number) => void] {
  const [place, setPlace] = useState(0);
  useEffect(() => {
    if (!playing) return undefined;
    // What was stopped just now moves no more: who went elsewhere since stays there.
    const timer = setInterval(() => course.view.playing && setPlace(course.place / 1_000), STEP_MS);
    return () => clearInterval(timer);
  }, [course, playing]);
  return [place, setPlace];
}

/** Escape stops what plays, and no answer. */
function useEscape(course: Course, playing: boolean): void {
  useEffect(() => {
    if (!playing) return undefined;
    const stop = (event: KeyboardEvent): void => {
      if (event.key !== "Escape" || !course.view.playing) return;
      event.stopImmediatePropagation();
      course.stop();
    };
    addEventListener("keydown", stop, true);
    return () => removeEventListener("keydown", stop, true);
  }, [course, playing]);
}

/** `onClose`: where it need not stay. */
export function CourseStrip({ hearing: { course, all }, onClose }: { hearing: Hearing; onClose?: () => void }): JSX.Element | null {
  const [place, setPlace] = usePlace(course, all.playing);
  const held = useRef(false);
  useEscape(course, all.playing);
  if (all.length === 0) return null;
  const [at, length] = [clock(place), clock(all.length / 1_000)];
  /** Who goes elsewhere hears nothing until they are there. */
  const hush = (): void => {
    if (all.playing) course.stop();
  };
  const toggle = (): void => (all.playing ? course.stop() : void course.play(place * 1_000));
  return (
    <section class="course" aria-label="The whole call" data-length={all.length} data-sounds={all.playing}>
      <button type="button" class="round plain" onClick={toggle} aria-label={all.playing ? "Stop the sound" : `Hear the call from ${at}`} title={all.playing ? "Stop (Esc)" : `Hear the call from ${at}`}>
        <Icon name={all.playing ? "stop" : "play"} />
      </button>
      <div class="course-lanes">
        <Lanes view={all} place={place} />
        <input
          type="range"
          aria-label="Where to hear the call"
          aria-valuetext={placeSaid(all, place)}
          min={0}
          max={Math.floor(all.length / 1_000)}
          step={1}
          value={place}
          onPointerDown={() => {
            held.current = true;
            hush();
          }}
          onInput={(event) => setPlace(Number(event.currentTarget.value))}
          onPointerUp={(event) => {
            if (held.current) void course.play(Number(event.currentTarget.value) * 1_000);
            held.current = false;
          }}
          onKeyDown={(event) => {
            const asked = askedBy(event.key, place, all.length / 1_000);
            if (asked.do === "toggle") toggle();
            else if (asked.do !== "") hush();
            if (asked.do === "go") setPlace(asked.to);
            if (asked.do === "toggle" || asked.do === "go") event.preventDefault();
          }}
        />
      </div>
      {all.problem !== "" ? <span class="bad" role="alert">{all.problem}</span> : <span class="quiet time">{at} / {length}</span>}
      {onClose !== undefined && (
        <button type="button" class="round plain" onClick={onClose} aria-label="Close the whole call" title="Close">
          <Icon name="close" />
        </button>
      )}
    </section>
  );
}

function Lanes({ view, place }: { view: CourseView; place: number }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const sized = new ResizeObserver((seen) => setWidth(Math.round(seen[0]?.contentRect.width ?? 0)));
    if (canvas.current !== null) sized.observe(canvas.current);
    return () => sized.disconnect();
  }, []);
  const { pages, length } = view;
  const lanes = useRef<readonly [readonly number[], readonly number[]]>([[], []]);
  useEffect(() => {
    const bars = Math.max(1, Math.floor(width / BAR));
    lanes.current = [barsOf(view, "callers", bars), barsOf(view, "helpers", bars)];
  }, [pages, length, width]);
  useEffect(() => {
    if (canvas.current !== null && width > 0) paint(canvas.current, width, lanes.current, (place * 1_000) / length);
  }, [pages, length, width, place]);
  return <canvas ref={canvas} aria-hidden="true" />;
}

/** A stroke a bar, upwards for who called and downwards for who helped; what was played stands out. */
function paint(canvas: HTMLCanvasElement, width: number, [callers, helpers]: readonly [readonly number[], readonly number[]], played: number): void {
  const pen = canvas.getContext("2d");
  if (pen === null) return;
  const dense = devicePixelRatio;
  [canvas.width, canvas.height] = [width * dense, HEIGHT * dense];
  pen.scale(dense, dense);
  const style = getComputedStyle(canvas);
  const middle = HEIGHT / 2;
  const lane = (bars: readonly number[], colour: string, up: boolean): void => {
    pen.fillStyle = colour;
    bars.forEach((bar, at) => {
      const tall = Math.max(1, Math.min(1, bar * 1.5) * (middle - 3));
      pen.globalAlpha = at / bars.length <= played ? 1 : 0.55;
      pen.fillRect(at * BAR, up ? middle - 1 - tall : middle + 1, BAR - 1, tall);
    });
  };
  lane(callers, style.color, true);
  lane(helpers, style.getPropertyValue("--accent"), false);
  pen.globalAlpha = 1;
  pen.fillStyle = style.color;
  pen.fillRect(Math.min(width - 2, played * width), 0, 2, HEIGHT);
}
