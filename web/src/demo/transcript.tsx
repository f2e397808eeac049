/** The transcript: who, words as they come, tool cards, quiet marks in the margin. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Entry, Outgoing, Session, View } from "../client";
import { began, of, transcript } from "../client/state";
import { Icon } from "./icons";
import { MessageView, textOf } from "./message";
import { nameOf } from "./names";
import type { Note } from "./notes";
import { useScroll } from "./scroll";
import { ToolCard } from "./tool_card";

interface Props {
  readonly session: Session;
  readonly view: View;
  readonly notes: readonly Note[];
  /** What somebody is saying, not final yet. */
  readonly interim: string;
}

const NONE: readonly string[] = [];

/** Marks by the entry they stand beside; the same array as long as they are the same. */
function useMarks(notes: readonly Note[]): ReadonlyMap<string, readonly string[]> {
  return useMemo(() => {
    const marks = new Map<string, string[]>();
    for (const { entry, text } of notes) marks.set(entry, [...(marks.get(entry) ?? []), text]);
    return marks;
  }, [notes]);
}

export function Transcript({ session, view, notes, interim }: Props): JSX.Element {
  const { state, past, outgoing, participant: me } = view;
  const marks = useMarks(notes);
  const entries = useMemo(() => [...past, ...transcript(state)].sort(began), [past, state.entries]);
  const newest = entries.at(-1);
  const { box, onScroll, behind, toEnd } = useScroll<HTMLOListElement>(entries[0]?.id ?? "", newest);
  const myRole = of(state.participants, me)?.role ?? "user";
  const row = (entry: Entry): JSX.Element => {
    const beside = marks.get(entry.id) ?? NONE;
    if (entry.entry === "tool") return <ToolCard key={entry.id} call={entry} myRole={myRole} notes={beside} session={session} />;
    const role = of(state.participants, entry.by)?.role ?? "";
    const name = nameOf(state, entry.by, me);
    return <MessageView key={entry.id} message={entry} mine={entry.by === me} name={name} role={role} notes={beside} session={session} />;
  };
  return (
    <div class="transcript-frame">
      <ol class="transcript" ref={box} onScroll={onScroll} aria-label="Transcript" tabIndex={0}>
        {view.hasEarlier && <Earlier session={session} />}
        {(marks.get("") ?? NONE).map((text, place) => (
          <li class="note" key={`note-${place}`}>
            <span class="mark">{text}</span>
          </li>
        ))}
        {entries.map(row)}
        {interim !== "" && (
          <li class="entry mine interim" key="interim">
            <div class="who">You</div>
            <div class="words"><div class="text"><p>{interim}</p></div></div>
          </li>
        )}
        {outgoing.map((one) => (
          <Unsent key={one.message} one={one} session={session} live={view.phase === "live"} />
        ))}
        {entries.length + outgoing.length === 0 && interim === "" && <Empty />}
      </ol>
      {behind && (
        <button type="button" class="to-end small" onClick={toEnd}>
          <Icon name="down" /> New words
        </button>
      )}
    </div>
  );
}

function Earlier({ session }: { session: Session }): JSX.Element {
  return (
    <li class="note">
      <button type="button" class="small" onClick={() => void session.earlier().catch(() => undefined)}>
        Earlier messages
      </button>
    </li>
  );
}

function Empty(): JSX.Element {
  return (
    <li class="first">
      <p>Say something, or type.</p>
      <p class="quiet">Then break something below: the conversation goes on.</p>
    </li>
  );
}

function Unsent({ one, session, live }: { one: Outgoing; session: Session; live: boolean }): JSX.Element {
  const failed = one.delivery === "failed";
  return (
    <li class={`entry mine unsent ${one.delivery}`} data-unsent={one.message}>
      <div class="who">You</div>
      <div class="words">
        <div class="text"><p>{textOf(one)}</p></div>
        {one.parts.some((part) => part.kind === "image" || part.kind === "file") && <p class="quiet">with an attachment</p>}
      </div>
      <div class="margin">
        <span class={`mark ${failed ? "bad" : ""}`}>{failed ? `not sent: ${one.reason}` : live ? "sending" : "waits for the connection"}</span>
        {failed && (
          <>
            <button type="button" class="tiny" onClick={() => void session.retry(one.message).catch(() => undefined)}>Try again</button>
            <button type="button" class="tiny" onClick={() => session.discard(one.message)}>Discard</button>
          </>
        )}
      </div>
    </li>
  );
}
