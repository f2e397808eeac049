/** The transcript: who, words as they come, tool cards, quiet marks in the margin. */
import type { JSX } from "preact";
import { useMemo, useRef } from "preact/hooks";
import type { Entry, Outgoing, Session, View } from "../client";
import { began, of, transcript } from "../client/state";
import { Icon } from "./icons";
import { MessageView, type Speech } from "./message";
import { helpedLines } from "./helped";
import { nameOf, withNames } from "./names";
import type { Note } from "./notes";
import { textOf } from "./recital";
import { Parts } from "./parts";
import { useScroll } from "./scroll";
import { ToolCard } from "./tool_card";
import type { Turns } from "./turns";

interface Props {
  readonly session: Session;
  readonly view: View;
  readonly notes: readonly Note[];
  /** What somebody is saying, not final yet. */
  readonly interim: string;
  /** What is being said aloud (true), or was (false). */
  readonly speaking: ReadonlyMap<string, boolean>;
  /** Whether it is said to who sits here. */
  readonly listening: boolean;
  /** Whether to say what can be tried, where nothing was said yet. */
  readonly tries?: boolean;
  /** How long turns took, for under their answers. */
  readonly turns?: Turns;
  readonly onHear: (message: string, character: number) => void;
}

const NONE: readonly string[] = [];
const UNTIMED: Turns = [];

/** Marks by the entry they stand beside; the same array as long as they are the same. */
function useMarks(notes: readonly Note[]): ReadonlyMap<string, readonly string[]> {
  return useMemo(() => {
    const marks = new Map<string, string[]>();
    for (const { entry, text } of notes) marks.set(entry, [...(marks.get(entry) ?? []), text]);
    return marks;
  }, [notes]);
}

export function Transcript({ session, view, notes, interim, speaking, listening, tries = true, turns = UNTIMED, onHear }: Props): JSX.Element {
  const { state, past, outgoing, participant: me } = view;
  const marks = useMarks(notes);
  const entries = useMemo(() => [...past, ...transcript(state)].sort(began), [past, state.entries]);
  const helped = useMemo(() => helpedLines(state, entries, me), [state.helped, entries, me]);
  const newest = entries.at(-1);
  const byAnswer = useMemo(() => new Map(turns.map((turn) => [turn.answer, turn])), [turns]);
  const fresh = outgoing.length === 0 && interim === "" && !view.hasEarlier && entries.every((entry) => of(state.participants, entry.by)?.role === "agent");
  const { box, onScroll, behind, toEnd } = useScroll<HTMLOListElement>(entries[0]?.id ?? "", newest);
  const myRole = of(state.participants, me)?.role ?? "user";
  const here = useRef(new Set<string>());
  const speechOf = (message: string): Speech => {
    const said = speaking.get(message);
    if (said === undefined) return "none";
    if (said && listening) here.current.add(message);
    if (said) return listening ? "here" : "elsewhere";
    return here.current.has(message) ? "cut" : "over";
  };
  const row = (entry: Entry): JSX.Element => {
    const beside = marks.get(entry.id) ?? NONE;
    if (entry.entry === "tool") return <ToolCard key={entry.id} call={entry} myRole={myRole} notes={beside} session={session} />;
    const role = of(state.participants, entry.by)?.role ?? "";
    const name = nameOf(state, entry.by, me);
    const speech = speechOf(entry.id);
    const anew = role === "agent" && entry.response !== "" && state.answered.at(-1)?.response === entry.response;
    return <MessageView key={entry.id} message={entry} mine={entry.by === me} name={name} role={role} notes={beside} session={session} speech={speech} anew={anew} turn={byAnswer.get(entry.id)} onHear={onHear} />;
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
        {(helped.get("") ?? NONE).map(helpedRow)}
        {entries.map((entry) => [row(entry), ...(helped.get(entry.id) ?? NONE).map(helpedRow)])}
        <Parts state={state} session={session} />
        {interim !== "" && (
          <li class="entry mine interim" key="interim">
            <div class="who">You</div>
            <div class="words"><div class="text"><p>{interim}</p></div></div>
          </li>
        )}
        {outgoing.map((one) => (
          <Unsent key={one.message} one={one} session={session} live={view.phase === "live"} />
        ))}
        {tries && fresh && <Try session={session} greeted={entries.length > 0} />}
      </ol>
      {behind && (
        <button type="button" class="to-end small" onClick={toEnd}>
          <Icon name="down" /> New words
        </button>
      )}
    </div>
  );
}

/** A person's stretch that is over. */
function helpedRow(text: string): JSX.Element {
  return <li class="note helped" key={text} data-helped><span class="mark">{text}</span></li>;
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

const TRIES = ["Where is order 4711?", "Tell me a story", "Refund order 1234"];

/** What can be said, for who has said nothing yet. */
function Try({ session, greeted }: { session: Session; greeted: boolean }): JSX.Element {
  return (
    <li class={greeted ? "try" : "try alone"}>
      {!greeted && <p>Say something, or type.</p>}
      <p class="row">
        {TRIES.map((words) => (
          <button type="button" class="small" key={words} onClick={() => void session.say(words).catch(() => undefined)}>
            {words}
          </button>
        ))}
      </p>
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
        <span class={`mark ${failed ? "bad" : ""}`}>{failed ? `not sent: ${withNames(session.view.state, one.reason, session.view.participant)}` : live ? "sending" : "waits for the connection"}</span>
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
