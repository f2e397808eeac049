/**
 * Marks in the margin: what happened to the session while something was being said. Each stands beside the entry during
 * which it happened. Pure.
 */
import type { DownNotice, Event, State } from "../client";
import { of, transcript } from "../client/state";
import { nameOf } from "./names";

export interface Note {
  readonly id: number;
  /** The entry it stands beside; "" for the top of the transcript. */
  readonly entry: string;
  readonly text: string;
}

/** The entry during which something happened just now. */
export function entryNow(state: State): string {
  return transcript(state).at(-1)?.id ?? "";
}

/** Whether the attachment `mine` takes sound from this event on; undefined: it says nothing of that. */
export function soundsFrom(event: Event, mine: string): boolean | undefined {
  if (event.type !== "modality_changed" || event["attachment"] !== mine) return undefined;
  return Array.isArray(event["takes"]) && event["takes"].includes("audio");
}

/** What `event` has to say in the margin; "" if nothing. `sounded`: whether `mine` took sound before it. */
export function noteOf(event: Event, state: State, me: string, mine: string, sounded = false): string {
  switch (event.type) {
    case "modality_changed": {
      const sounds = soundsFrom(event, mine) ?? sounded;
      return sounds === sounded ? "" : sounds ? "switched to voice" : "switched to text";
    }
    case "hold_changed":
      if (event["attachment"] === mine || event.by === "hub") return "";
      return `${nameOf(state, event.by, me)} ${event["holds"] === true ? "put the call on hold" : "went on"}`;
    case "users_held":
      return `${nameOf(state, event.by, me)} ${onHold(state, me)}`;
    case "users_released":
      return "the hold is over";
    case "steering_requested":
      return event["asked"] === "steer" ? `${nameOf(state, event.by, me)} asked: “${String(event["text"])}”` : unattended(event.by, event["asked"] === "pause");
    case "steering_answered":
      return event["asked"] === "steer" ? String(event["detail"] ?? "") : "";
    case "agent_crashed":
      return `${nameOf(state, String(event["participant"]), me)} crashed`;
    case "right_granted":
      // The first token is the agent's coming; every later one is a coming back.
      return String(event["right"]).startsWith("worker:") && Number(event["token"]) > 1 ? `${nameOf(state, String(event["holder"]), me)} is back` : "";
    case "responder_changed":
      return answersNow(state, String(event["participant"]), String(event["reason"]), me);
    case "human_requested":
      return `${nameOf(state, event.by, me)} asked for a person`;
    case "human_request_withdrawn":
      return "no person is wanted any more";
    case "reservation_ended":
      return event["how"] === "accepted" || event["how"] === "withdrawn" ? "" : `${nameOf(state, String(event["participant"]), me)} could not come: you keep your place`;
    case "session_labelled": {
      const { agent } = event["labels"] as Record<string, string>;
      return agent === undefined || of(state.participants, event.by)?.role !== "agent" ? "" : `${nameOf(state, event.by, me)} hands over to ${agent}`;
    }
    case "log_reopened":
      return "the hub's store lost its tail";
    case "session_ended":
      return "the session ended";
    default:
      return "";
  }
}

/** Whom somebody who answers lets wait. */
function onHold(state: State, me: string): string {
  return of(state.participants, me)?.role === "user" ? "put you on hold" : "put the user on hold";
}

/** What the hub does when nobody is there; what people do is seen at once. */
function unattended(by: string, pauses: boolean): string {
  if (by !== "hub") return "";
  return pauses ? "nobody was here: the answer waited" : "it goes on";
}

/** The agent's first coming is no news; that a person answers, and that it is the agent again, is. */
function answersNow(state: State, who: string, reason: string, me: string): string {
  if (reason === "accepted" || reason === "crashed" || reason === "handed_over") return "";
  if (who === "") return "nobody answers now";
  const name = nameOf(state, who, me);
  const again = of(state.participants, who)?.role === "agent";
  return `${name} ${name === "You" ? "answer" : "answers"} ${again ? "again" : "now"}`;
}

/** That somebody has what only this tab should have. */
export function noticeText({ ticket }: DownNotice): string {
  return `somebody else tried to ${ticket === "call" ? "call" : "come in"} as you, with a copied ticket: it was refused`;
}

export function comebackText(ms: number, missed: number): string {
  const caughtUp = missed === 1 ? ", 1 event caught up" : missed > 1 ? `, ${missed} events caught up` : "";
  return `back after ${milliseconds(ms)}${caughtUp}`;
}

export function milliseconds(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(0)} s`;
}
