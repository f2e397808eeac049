/** How loud it is and was in the last seconds: a strip of bars. With reduced motion, one quiet bar. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

const BARS = 32;
const STEP_MS = 60;
const STILL_MS = 300;

/** What an ear hears of a level (0 to 1, root mean square): decibels from -60 to 0, as 0 to 1. */
export function loudness(level: number): number {
  return level <= 0 ? 0 : Math.min(1, Math.max(0, 1 + (20 * Math.log10(level)) / 60));
}

export function Meter({ level, label }: { level: () => number; label: string }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const bars: number[] = Array.from({ length: still ? 1 : BARS }, () => 0);
    const draw = (): void => {
      bars.push(loudness(level()));
      bars.shift();
      if (canvas.current !== null) paint(canvas.current, bars);
    };
    draw();
    const timer = setInterval(draw, still ? STILL_MS : STEP_MS);
    return () => clearInterval(timer);
  }, [level]);
  return (
    <span class="meter">
      <canvas ref={canvas} width={BARS * 5} height={56} role="img" aria-label={`level: ${label}`} />
      <span class="quiet" aria-hidden="true">{label}</span>
    </span>
  );
}

function paint(canvas: HTMLCanvasElement, bars: readonly number[]): void {
  const pen = canvas.getContext("2d");
  if (pen === null) return;
  const { width, height } = canvas;
  const step = width / bars.length;
  pen.clearRect(0, 0, width, height);
  pen.fillStyle = getComputedStyle(canvas).color;
  bars.forEach((bar, place) => {
    const tall = Math.max(4, bar * height);
    pen.globalAlpha = bar > 0.05 ? 1 : 0.35;
    pen.fillRect(place * step, (height - tall) / 2, Math.max(2, step - 2), tall);
  });
}
