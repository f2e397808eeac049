/** What the strip of the whole call says, and what a key on it asks for. Pure: `place` and `length` are in seconds. */
import { whoAt, type CourseView } from "./course";

/** A step by an arrow key, in seconds. */
const STEP_S = 5;
const STEPS: ReadonlyMap<string, number> = new Map([["ArrowRight", STEP_S], ["ArrowUp", STEP_S], ["ArrowLeft", -STEP_S], ["ArrowDown", -STEP_S]]);
/** Keys by which the browser goes to a place. */
const FAR: readonly string[] = ["Home", "End", "PageUp", "PageDown"];

const WHO = { "": "nobody speaks", caller: "the caller speaks", helper: "the agent or operator speaks", both: "both speak" };

/** Play or stop; let the browser go, in silence; go to a place, in silence; or nothing. */
export type Asked = { readonly do: "toggle" | "far" | "" } | { readonly do: "go"; readonly to: number };

export function askedBy(key: string, place: number, length: number): Asked {
  if (key === "Enter" || key === " ") return { do: "toggle" };
  if (FAR.includes(key)) return { do: "far" };
  const step = STEPS.get(key) ?? 0;
  return step === 0 ? { do: "" } : { do: "go", to: Math.min(length, Math.max(0, place + step)) };
}

export function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

/** Where the slider stands, for whoever does not see it. What plays is not told place by place: nobody could hear it. */
export function placeSaid(view: CourseView, place: number): string {
  const length = clock(view.length / 1_000);
  return view.playing ? `plays, of ${length}` : `${clock(place)} of ${length}, ${WHO[whoAt(view, place * 1_000)]}`;
}
