/** The latency of the last turn, by stage: from the marks in the log, and from this page's own eyes. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Session, TurnMarked } from "../client";

const STAGES: readonly (readonly [TurnMarked["mark"], string])[] = [
  ["end_of_turn", "end of turn"],
  ["transcript_final", "transcript"],
  ["first_word", "first word"],
  ["first_audio_in", "sound made"],
  ["first_audio_out", "sound sent"],
  ["heard", "heard"],
];

export interface Turns {
  readonly turn: string;
  readonly marks: Readonly<Partial<Record<string, number>>>;
  /** From sending to the first word here, ms; null until there is one. */
  readonly seen: number | null;
}

const NONE: Turns = { turn: "", marks: {}, seen: null };

/** `sentAt` is when this page last sent something (`performance.now()`), until its answer begins. */
export function useTurns(session: Session, sentAt: { current: number | null }): Turns {
  const [turns, setTurns] = useState<Turns>(NONE);
  useEffect(
    () =>
      session.onEvents((events) => {
        for (const event of events) {
          if (event.type === "turn_marked") {
            const { turn, mark, at_ms } = event as TurnMarked;
            setTurns((known) => (known.turn === turn ? { ...known, marks: { ...known.marks, [mark]: at_ms } } : { ...NONE, seen: known.turn === "" ? known.seen : null, turn, marks: { [mark]: at_ms } }));
          }
          if (event.type === "message_grown" && sentAt.current !== null) {
            const seen = performance.now() - sentAt.current;
            sentAt.current = null;
            setTurns((known) => ({ ...known, seen }));
          }
        }
      }),
    [session, sentAt],
  );
  return turns;
}

export function Stages({ turns }: { turns: Turns }): JSX.Element {
  const stages = STAGES.flatMap(([mark, name]) => {
    const at = turns.marks[mark];
    return at === undefined ? [] : [{ name, at }];
  });
  const all = turns.seen === null ? stages : [...stages, { name: "first word on this page", at: turns.seen }];
  const longest = Math.max(1, ...all.map((stage) => stage.at));
  return (
    <div class="stages" aria-label="Latency of the last turn" role="group">
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
