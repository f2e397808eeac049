/** The latency of the last turn, by stage, from the turn marks in the log. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Session, State } from "../client";

const NAMES: Record<string, string> = {
  end_of_turn: "end of turn",
  transcript_final: "transcript",
  first_word: "first word",
  first_audio_out: "first sound",
  heard: "heard",
};

export function Stages({ session }: { state: State; session: Session }): JSX.Element | null {
  const [marks, setMarks] = useState<{ turn: string; at: Record<string, number> }>({ turn: "", at: {} });
  useEffect(
    () =>
      session.onEvents((events) => {
        for (const event of events) {
          if (event.type !== "turn_marked") continue;
          const { turn, mark, at_ms } = event as { turn: string; mark: string; at_ms: number };
          setMarks((known) => ({ turn, at: { ...(known.turn === turn ? known.at : {}), [mark]: at_ms } }));
        }
      }),
    [session],
  );
  const known = Object.entries(NAMES).filter(([mark]) => marks.at[mark] !== undefined);
  if (known.length === 0) return null;
  return (
    <div class="stages" aria-label="Latency of the last turn">
      {known.map(([mark, name]) => (
        <span key={mark}>
          {name} <strong>{marks.at[mark]} ms</strong>
        </span>
      ))}
    </div>
  );
}
