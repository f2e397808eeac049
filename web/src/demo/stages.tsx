/** The latency of turns, by stage: of the last one in a strip, of each under its answer. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Session } from "../client";
import { headline, sent, stagesOf, timed, type Turn, type Turns } from "./turns";

const NONE: Turns = [];

/** The turns that this page saw since it was opened. */
export function useTurns(session: Session): Turns {
  const [turns, setTurns] = useState(NONE);
  useEffect(() => {
    const stops = [
      session.onChange(({ outgoing }) => {
        if (outgoing.length === 0) return;
        const now = performance.now();
        setTurns((known) => sent(known, outgoing.filter((one) => one.delivery === "sending").map((one) => one.message), now));
      }),
      session.onEvents((events) => {
        const now = performance.now();
        setTurns((known) => events.reduce((all, event) => timed(all, event, now), known));
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }, [session]);
  return turns;
}

export function Stages({ turns }: { turns: Turns }): JSX.Element {
  const last = turns.at(-1);
  const all = last === undefined ? [] : stagesOf(last);
  const longest = Math.max(1, ...all.map((stage) => stage.at));
  return (
    <div class="stages" aria-label="Latency of the last turn" role="group" tabIndex={0}>
      {all.length === 0 ? <span>latency of the last turn: nothing yet</span> : null}
      {all.map(({ name, at }) => (
        <span class="stage" key={name}>
          <span>{name}</span> <strong>{Math.round(at)} ms</strong>
          <span class="bar" aria-hidden="true" style={{ transform: `scaleX(${Math.max(0.02, at / longest)})` }} />
        </span>
      ))}
    </div>
  );
}

/** One quiet line under an answer, which opens to all of its stages. */
export function TurnStages({ turn }: { turn: Turn }): JSX.Element | null {
  const first = headline(turn);
  if (first === null) return null;
  return (
    <details class="timing" data-turn={turn.turn}>
      <summary>
        {first.name} <span>{Math.round(first.at)} ms</span>
      </summary>
      <dl class="pairs" aria-label="Latency by stage">
        {stagesOf(turn).map(({ name, at }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{Math.round(at)} ms</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
