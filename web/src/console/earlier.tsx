/** What people who helped left for the record: in this session, and in others of the same caller. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { View } from "../client";
import { nameOf } from "../demo/names";
import type { Before, Hub } from "./hub";

export interface Line {
  readonly key: string;
  readonly time: number;
  /** Who, and how it went. */
  readonly head: string;
  readonly text: string;
  readonly elsewhere: boolean;
}

/** One line a note, and in other sessions one a promise; the newest first. What was promised here stands in the transcript. */
export function linesOf({ state, participant: me, session }: View, before: readonly Before[]): Line[] {
  const here = state.noted.map((one) => line(`${one.at}`, one.time, nameOf(state, one.by, me), one.disposition, one.notes, false));
  const others = before.filter((row) => row.session !== session);
  const there = others.flatMap((row) => [
    ...row.noted.map((one, place) => line(`${row.session} ${place}`, one.time, one.name, one.disposition, one.notes, true)),
    ...row.helped.flatMap(({ name, until, promises }, place) =>
      promises.map((text, at) => line(`${row.session} ${place} ${at}`, until, name, "promised", text, true)),
    ),
  ]);
  return [...here, ...there].sort((a, b) => b.time - a.time);
}

function line(key: string, time: number, name: string, how: string, text: string, elsewhere: boolean): Line {
  return { key, time, head: how === "" ? name : `${name}, ${how}`, text, elsewhere };
}

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function Earlier({ hub, view }: { hub: Hub; view: View }): JSX.Element | null {
  const [before, setBefore] = useState<readonly Before[]>([]);
  const { session } = view;
  useEffect(() => {
    let over = false;
    hub.earlier(session).then((found) => !over && setBefore(found), () => undefined); // without it one helps all the same
    return () => {
      over = true;
    };
  }, [hub, session]);
  const lines = linesOf(view, before);
  if (lines.length === 0) return null;
  return (
    <section class="earlier" data-earlier={lines.length}>
      <h2>Earlier</h2>
      <ul class="notes-left">
        {lines.map((one) => (
          <li key={one.key}>
            <span class="quiet">{DAY.format(one.time)}, {one.head}{one.elsewhere ? ", in another session" : ""}</span>
            {one.text !== "" && <p>{one.text}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}
