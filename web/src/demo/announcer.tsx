/** What a screen reader is told: each message of the others once, when it is whole, and not word by word. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Session } from "../client";
import { of } from "../client/state";
import { nameOf } from "./names";
import { textOf } from "./recital";

const LONGEST = 500;

export function Announcer({ session }: { session: Session }): JSX.Element {
  const [said, setSaid] = useState("");
  useEffect(
    () =>
      session.onEvents((events) => {
        for (const event of events) {
          if (event.type !== "message_ended" && event.type !== "message_posted") continue;
          const id = String(event["message"]);
          queueMicrotask(() => {
            const { state, participant } = session.view;
            const entry = of(state.entries, id);
            if (entry?.entry !== "message" || entry.by === participant) return;
            setSaid(`${nameOf(state, entry.by, participant)}: ${textOf(entry).slice(0, LONGEST)}`);
          });
        }
      }),
    [session],
  );
  return <div class="hidden" role="status" aria-live="polite">{said}</div>;
}
