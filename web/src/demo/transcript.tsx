/** The transcript: who, words as they come, tool cards, quiet marks in the margin. */
import type { JSX } from "preact";
import { useCallback, useMemo, useRef } from "preact/hooks";
import type { Entry, Outgoing, Session, State, View } from "../client";
import { of } from "../client/state";
import { BlockView, type Look } from "./block_view";
import { blocksOf, standing, wholeFrom, type Block } from "./blocks";
import { Icon } from "./icons";
import { MessageView, type Speech } from "./message";
import { helpedLines } from "./helped";
import { LeftOut } from "./left_out";
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

/** The value before, as long as this one says the same. */
function useKept<T>(value: T, same: (a: T, b: T) => boolean): T {
  const kept = useRef(value);
  if (!same(kept.current, value)) kept.current = value;
  return kept.current;
}

type People = Pick<State, "participants">;

/** Whether they have the same names and roles. */
function alike({ participants: a }: People, { participants: b }: People): boolean {
  if (a === b) return true;
  const all = Object.values(b);
  return all.length === Object.keys(a).length && all.every(({ id, name, role }) => of(a, id)?.name === name && of(a, id)?.role === role);
}

type Lines = ReadonlyMap<string, readonly string[]>;

function sameLines(a: Lines, b: Lines): boolean {
  return a.size === b.size && [...b].every(([id, lines]) => lines.join("\n") === a.get(id)?.join("\n"));
}

/** Whether a message is said aloud, as whoever sits here hears it. */
function useSpeech(speaking: Props["speaking"], listening: boolean): (message: string) => Speech {
  const here = useRef(new Set<string>());
  return useCallback(
    (message) => {
      const said = speaking.get(message);
      if (said === undefined) return "none";
      if (said && listening) here.current.add(message);
      if (said) return listening ? "here" : "elsewhere";
      return here.current.has(message) ? "cut" : "over";
    },
    [speaking, listening],
  );
}

/** How entries look now: the same object as long as none looks otherwise. */
function useLook({ session, view: { state, participant: me }, notes, speaking, listening, turns = UNTIMED, onHear }: Props, entries: readonly Entry[]): Look {
  const marks = useMarks(notes);
  const people = useKept<People>({ participants: state.participants }, alike);
  const helped = useKept(useMemo(() => helpedLines(state, entries, me), [state.helped, entries, me]), sameLines);
  const byAnswer = useMemo(() => new Map(turns.map((turn) => [turn.answer, turn])), [turns]);
  const speechOf = useSpeech(speaking, listening);
  const newest = state.answered.at(-1)?.response ?? "";
  return useMemo<Look>(() => {
    const myRole = of(people.participants, me)?.role ?? "user";
    const entryRow = (entry: Entry): JSX.Element => {
      const beside = marks.get(entry.id) ?? NONE;
      if (entry.entry === "tool") return <ToolCard key={entry.id} call={entry} myRole={myRole} notes={beside} session={session} />;
      const role = of(people.participants, entry.by)?.role ?? "";
      const anew = role === "agent" && entry.response !== "" && newest === entry.response;
      return <MessageView key={entry.id} message={entry} mine={entry.by === me} name={nameOf(people, entry.by, me)} role={role} notes={beside} session={session} speech={speechOf(entry.id)} anew={anew} turn={byAnswer.get(entry.id)} onHear={onHear} />;
    };
    return {
      row: (entry) => [entryRow(entry), ...(helped.get(entry.id) ?? NONE).map(helpedRow)],
      before: (helped.get("") ?? NONE).map(helpedRow),
      beside: (marks.get("") ?? NONE).map((text, place) => <li class="note" role="listitem" key={`note-${place}`}><span class="mark">{text}</span></li>),
      nameOf: (id) => nameOf(people, id, me),
    };
  }, [session, me, people, marks, helped, byAnswer, speechOf, newest, onHear]);
}

/** The entries that were drawn whole: not more than there are now. */
function useDrawn(entries: readonly Entry[]): Set<string> {
  const drawn = useRef(new Set<string>());
  return useMemo(() => {
    if (drawn.current.size > entries.length) drawn.current = new Set(entries.flatMap(({ id }) => (drawn.current.has(id) ? [id] : [])));
    return drawn.current;
  }, [entries]);
}

/** What is drawn, in blocks, and before which of them some are left out. */
function useBlocks(view: View): { readonly entries: readonly Entry[]; readonly blocks: readonly Block[]; readonly gap: number } {
  const known = useRef<readonly Block[]>([]);
  return useMemo(() => {
    const all = standing(view);
    const blocks = (known.current = blocksOf(all, known.current));
    const gap = blocks.findIndex((block) => block.entries[0] === all.entries[all.gap]);
    return { entries: all.entries, blocks, gap: gap < 0 ? blocks.length : gap };
  }, [view.past, view.leftOut > 0, view.state.entries]);
}

export function Transcript(props: Props): JSX.Element {
  const { session, view, interim, tries = true } = props;
  const { state, leftOut, outgoing } = view;
  const { entries, blocks, gap } = useBlocks(view);
  const look = useLook(props, entries);
  const drawn = useDrawn(entries);
  const fresh = outgoing.length === 0 && interim === "" && !view.hasEarlier && entries.every((entry) => of(state.participants, entry.by)?.role === "agent");
  // Who scrolls to the end may scroll back to what they read; who asks for the newest has done with it.
  const atEnd = useCallback(() => void (session.view.leftOut === 0 && session.newest()), [session]);
  const { box, onScroll, behind, toEnd, watch } = useScroll<HTMLDivElement>(entries.at(-1), atEnd);
  const toNewest = (): void => {
    session.newest();
    toEnd();
  };
  const whole = wholeFrom(blocks);
  const rows = blocks.map((block, place) => <BlockView key={block.key} block={block} look={look} whole={place >= whole} drawn={drawn} watch={watch} />);
  if (leftOut > 0) rows.splice(gap, 0, <LeftOut key="left-out" session={session} count={leftOut} onNewest={toNewest} />);
  return (
    <div class="transcript-frame">
      <div class="transcript" role="list" ref={box} onScroll={onScroll} aria-label="Transcript" tabIndex={0}>
        {view.hasEarlier && <Earlier session={session} />}
        {look.beside}
        {look.before}
        {rows}
        <Parts state={state} session={session} />
        {interim !== "" && (
          <li class="entry mine interim" role="listitem" key="interim">
            <div class="who">You</div>
            <div class="words"><div class="text"><p>{interim}</p></div></div>
          </li>
        )}
        {outgoing.map((one) => (
          <Unsent key={one.message} one={one} session={session} live={view.phase === "live"} />
        ))}
        {tries && fresh && <Try session={session} greeted={entries.length > 0} />}
      </div>
      {behind && (
        <button type="button" class="to-end small" onClick={toNewest}>
          <Icon name="down" /> New words
        </button>
      )}
    </div>
  );
}

/** A person's stretch that is over. */
function helpedRow(text: string): JSX.Element {
  return <li class="note helped" role="listitem" key={text} data-helped><span class="mark">{text}</span></li>;
}

function Earlier({ session }: { session: Session }): JSX.Element {
  return (
    <li class="note" role="listitem">
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
    <li class={greeted ? "try" : "try alone"} role="listitem">
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
    <li class={`entry mine unsent ${one.delivery}`} role="listitem" data-unsent={one.message}>
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
