/** What a participant is doing: what it said of itself, else what the log shows of its work. */
import type { Participant, Response, State } from "./generated";
import { of } from "./state";

export interface Doing {
  readonly activity: Participant["activity"];
  readonly text: string;
  readonly step: number;
  readonly steps: number;
  /** Ms from then on until it is done; 0: nobody said. */
  readonly eta_ms: number;
  /** The tool that runs; its name is the `text` until it says something. */
  readonly tool: string;
}

/**
 * What it declared; or the tool it runs (the call begun last); or an answer in progress, which it is `speaking` once a
 * word of it is there, and `thinking` of before; else it is `listening` while somebody has a turn that it is to answer.
 */
export function doing(state: State, participant: string): Doing {
  const who = of(state.participants, participant);
  if (who !== undefined && who.activity !== "idle") return { activity: who.activity, text: who.text, step: who.step, steps: who.steps, eta_ms: who.eta_ms, tool: "" };
  const calls = Object.values(state.entries).flatMap((one) => (one.entry === "tool" && one.by === participant && one.status === "started" ? [one] : []));
  const call = newest(calls);
  if (call !== undefined) return { activity: "tool", text: call.text === "" ? call.name : call.text, step: call.step, steps: call.steps, eta_ms: call.eta_ms, tool: call.name };
  const answer = newest(Object.values(state.responses).filter((one) => one.by === participant && one.parent === ""));
  if (answer === undefined) return { activity: isSpokenTo(state, participant) ? "listening" : "idle", text: "", step: 0, steps: 0, eta_ms: 0, tool: "" };
  return { activity: began(state, answer) ? "speaking" : "thinking", text: answer.text, step: answer.step, steps: answer.steps, eta_ms: answer.eta_ms, tool: "" };
}

function isSpokenTo(state: State, participant: string): boolean {
  return state.responder === participant && Object.values(state.turns).some((turn) => turn.status === "speaking" && turn.participant !== participant);
}

function newest<T extends { readonly at: number }>(found: readonly T[]): T | undefined {
  return found.reduce<T | undefined>((best, one) => (best === undefined || one.at > best.at ? one : best), undefined);
}

function began(state: State, answer: Response): boolean {
  return Object.values(state.entries).some((one) => one.entry === "message" && one.response === answer.id && one.parts.some((part) => (part.kind ?? "text") === "text"));
}

const PLAIN: Record<Participant["activity"], string> = {
  idle: "here",
  listening: "listening",
  thinking: "thinking",
  speaking: "speaking",
  tool: "working",
};

/** The same for people to read: "search: Looking in the archive, 2 of 5, about 40 s left". */
export function doingSaid({ activity, text, step, steps, eta_ms, tool }: Doing): string {
  const named = tool === "" || tool === text ? "" : `${tool}: `;
  const far = steps > 0 ? `, ${String(step)} of ${String(steps)}` : "";
  return `${named}${text === "" ? PLAIN[activity] : text}${far}${eta_ms > 0 ? `, ${leftSaid(eta_ms)}` : ""}`;
}

/** How long it takes, for people to read. */
export function leftSaid(eta_ms: number): string {
  const seconds = Math.ceil(eta_ms / 1_000);
  return seconds < 120 ? `about ${String(seconds)} s left` : `about ${String(Math.round(seconds / 60))} min left`;
}

/** What a call or a part of an answer says of itself: "Page two, 2 of 5, about 40 s left". */
export function howFar({ text, step, steps, eta_ms }: Pick<Doing, "text" | "step" | "steps" | "eta_ms">): string {
  return [text, ...(steps > 0 ? [`${String(step)} of ${String(steps)}`] : []), ...(eta_ms > 0 ? [leftSaid(eta_ms)] : [])].filter((one) => one !== "").join(", ");
}
