/** Stopping, pausing and steering the agent's answer from the console; what came of it is said as the log says it. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Command, Event, Session, State, View } from "../client";
import { of, stoppable } from "../client/state";
import { nameOf } from "../demo/names";
import { steered } from "../demo/steering";
import { keyed } from "./keys";

/** What is known of what was asked: the answers that are to stop, and the last thing that came of it. */
export interface Asked {
  readonly stopping: readonly string[];
  readonly said: string;
}

export const NOTHING_ASKED: Asked = { stopping: [], said: "" };

const WAYS: Readonly<Record<string, string>> = { pause: "to wait", continue: "to go on", steer: "to go another way" };
const DONE: Readonly<Record<string, string>> = { pause: "waits", continue: "goes on", steer: "goes another way" };
const ENDS: Readonly<Record<string, string>> = { cancelled: "stopped", interrupted: "was interrupted", failed: "failed" };

/** What `event` makes of it; `state` is the one after it. Pure. */
export function heeded(asked: Asked, event: Event, state: State, me: string): Asked {
  const by = nameOf(state, event.by, me);
  switch (event.type) {
    case "steering_requested":
      return { ...asked, said: `${by} asked the agent ${WAYS[String(event["asked"])]}…` };
    case "steering_answered": {
      const detail = String(event["detail"] ?? "");
      const who = event.by === "hub" ? "The sound" : by;
      const told = event["done"] === true ? `${who} ${event.by === "hub" && event["asked"] === "continue" ? "goes on" : DONE[String(event["asked"])]}` : `${who} did not do it`;
      return { ...asked, said: detail === "" || event.by === "hub" ? `${told}.` : `${told}: ${detail}.` };
    }
    case "cancel_requested": {
      const response = String(event["response"]);
      const open = of(state.responses, response) !== undefined;
      return { stopping: open ? [...asked.stopping, response] : asked.stopping, said: open ? `${by} asked the agent to stop…` : "What was still heard of it stopped." };
    }
    case "response_ended": {
      const response = String(event["response"]);
      if (!asked.stopping.includes(response)) return asked;
      return { stopping: asked.stopping.filter((one) => one !== response), said: `${by} ${ENDS[String(event["outcome"])] ?? "had said all of it already"}.` };
    }
    default:
      return asked;
  }
}

/** The commands that stop everything that is being said; none if nothing is. */
export function stopping(state: State): Command[] {
  return stoppable(state).map((response) => ({ type: "cancel_response", response }));
}

/** The command that lets the answer wait, or go on; none if there is nothing to wait with. */
export function pausing(state: State): Command[] {
  if (state.paused !== "") return [{ type: "continue_response", response: state.paused }];
  return stoppable(state).slice(-1).map((response) => ({ type: "pause_response", response }));
}

interface Props {
  readonly session: Session;
  readonly view: View;
  readonly act: (commands: readonly Command[]) => Promise<boolean>;
}

export function Steering({ session, view: { state }, act }: Props): JSX.Element {
  const [asked, setAsked] = useState(NOTHING_ASKED);
  const [directs, setDirects] = useState(false);
  useEffect(
    () =>
      session.onEvents((events) => {
        const { state: now, participant } = session.view;
        setAsked((before) => events.reduce((known, event) => heeded(known, event, now, participant), before));
      }),
    [session],
  );
  const [stops, waits, steerable] = [stopping(state), pausing(state), steered(state)];
  const paused = state.paused !== "";
  return (
    <>
      <button type="button" class="small" data-stop disabled={stops.length === 0} {...keyed("c")} onClick={() => void act(stops)}>Stop <kbd>c</kbd></button>
      <button type="button" class={`small ${paused ? "pressed" : ""}`} data-pause={paused ? "on" : "off"} disabled={waits.length === 0} {...keyed("k")} onClick={() => void act(waits)}>
        {paused ? "Go on" : "Pause"} <kbd>k</kbd>
      </button>
      <button type="button" class="small" data-steer disabled={steerable === ""} aria-expanded={directs} {...keyed("g")} onClick={() => setDirects(!directs)}>Steer <kbd>g</kbd></button>
      {directs && <Direction possible={steerable !== ""} onEnd={() => setDirects(false)} onSend={(text) => act([{ type: "steer_response", response: steerable, text }])} />}
      <span class="steered quiet" role="status" data-steered>{asked.said}</span>
    </>
  );
}

interface DirectionProps {
  /** Whether there still is an answer to steer, which has no direction yet. */
  readonly possible: boolean;
  readonly onSend: (text: string) => Promise<boolean>;
  readonly onEnd: () => void;
}

/** Which way the answer is to go on. What was refused stays in the field. */
function Direction({ possible, onSend, onEnd }: DirectionProps): JSX.Element {
  const [text, setText] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (possible && text.trim() !== "" && (await onSend(text.trim()))) onEnd();
  };
  return (
    <form class="row" onSubmit={(event) => void send(event)}>
      <label class="hidden" for="direction">Which way the agent is to go on</label>
      <input id="direction" ref={field} value={text} maxLength={4_000} placeholder="Which way…" autocomplete="off" onInput={(event) => setText(event.currentTarget.value)} />
      <button type="submit" class="small" disabled={!possible || text.trim() === ""}>Send</button>
    </form>
  );
}
