/** One message: who, words as they come, what was heard of them. */
import { Component, type JSX } from "preact";
import { useState } from "preact/hooks";
import type { Message, Session } from "../client";
import { File, Picture } from "./blob";
import { Icon } from "./icons";
import { Markdown } from "./markdown";
import { readFrom, ReadOn } from "./read_on";
import { codePoints, sounds, textOf } from "./recital";
import { readableUntil } from "./speaking";
import { TurnStages } from "./stages";
import type { Turn } from "./turns";
import { characterFromPoint, wordAt } from "./word_at";

const STATUS: Partial<Record<Message["status"], string>> = {
  interrupted: "interrupted",
  cancelled: "stopped",
  failed: "failed",
};

/**
 * Whether a message is being said aloud: to others, to who sits here; not any more, having been said to others, to who
 * sits here (`cut` if it broke off); `none`: not as far as anybody knows.
 */
export type Speech = "none" | "elsewhere" | "here" | "over" | "cut";

export interface MessageProps {
  readonly message: Message;
  readonly mine: boolean;
  readonly name: string;
  readonly role: string;
  readonly notes: readonly string[];
  readonly session: Session;
  readonly speech: Speech;
  /** Whether another answer than this may be asked for here. */
  readonly anew: boolean;
  /** How long the turn took that it answers. */
  readonly turn: Turn | undefined;
  /** Hear it again from a character (a code point's place in the text) on. */
  readonly onHear: (message: string, character: number) => void;
}

export function Margin({ notes }: { notes: readonly string[] }): JSX.Element {
  return (
    <div class="margin">
      {notes.map((note, place) => (
        <span class="mark" key={place}>
          {note}
        </span>
      ))}
    </div>
  );
}

/** Code points that the listener who heard least has heard; all of them if nobody listened. */
function heardOf(message: Message, length: number, speech: Speech): number {
  const heard = Object.values(message.heard);
  if (sounding(speech)) return Math.min(...heard, heard.length === 0 ? 0 : length);
  return heard.length === 0 || message.status === "open" ? length : Math.min(...heard, length);
}

function sounding(speech: Speech): boolean {
  return speech === "here" || speech === "elsewhere";
}

/**
 * What was not heard is quiet, and struck through once it is known to be cut off. Who listens here reads at most to the
 * end of the sentence that is being said; the rest of what was cut off comes when it is asked for.
 */
function Words({ message, speech }: { message: Message; speech: Speech }): JSX.Element {
  const [whole, setWhole] = useState(false);
  const text = textOf(message);
  const characters = [...text];
  const read = readFrom(message, characters.length);
  if (read >= 0) return <ReadOn characters={characters} at={read} />;
  const heard = heardOf(message, characters.length, speech);
  if (heard === characters.length) return <Markdown text={text} />;
  const until = speech === "here" || (speech === "cut" && !whole) ? readableUntil(characters, heard) : characters.length;
  const cut = speech === "over" || speech === "cut" || (message.status !== "finished" && message.status !== "open");
  return (
    <p>
      {characters.slice(0, heard).join("")}
      {!sounding(speech) && <span class="heard-until" aria-hidden="true" />}
      <span class={cut ? "unheard cut-off" : "unheard"}>{characters.slice(heard, until).join("")}</span>
      {speech === "cut" && until < characters.length && (
        <button type="button" class="tiny plain" onClick={() => setWhole(true)}>Show the rest</button>
      )}
    </p>
  );
}

/** What stands in the margin of itself, before what happened beside it. */
function marksOf(message: Message, speech: Speech): string[] {
  const status = STATUS[message.status];
  const length = codePoints(textOf(message));
  return [
    ...(message.spoken === null ? [] : ["spoken"]),
    ...(status === undefined ? [] : [status]),
    ...(message.superseded ? ["another answer was asked for"] : []),
    ...(!sounding(speech) && readFrom(message, length) < 0 && heardOf(message, length, speech) < length ? ["heard until the mark"] : []),
  ];
}

/** What was not played to who sits here, who came back from a gap and went straight on. */
function MissedWords({ message, participant }: { message: Message; participant: string }): JSX.Element | null {
  const characters = [...textOf(message)];
  const missed = message.missed.filter(([who]) => who === participant).map(([, start, end]) => characters.slice(start, end).join("").trim());
  if (missed.length === 0) return null;
  return <p class="missed">Not heard, in a gap: “{missed.join(" … ")}”</p>;
}

function Reasoning({ message }: { message: Message }): JSX.Element | null {
  const reasoning = message.parts.filter((part) => part.kind === "reasoning").map((part) => part.text ?? "");
  if (reasoning.length === 0) return null;
  return (
    <details class="reasoning">
      <summary>thinking</summary>
      <p>{reasoning.join("")}</p>
    </details>
  );
}

function More({ message, session }: { message: Message; session: Session }): JSX.Element {
  return (
    <>
      {message.parts.map((part, place) => {
        if (part.kind === "image") return <Picture key={place} session={session} part={part} />;
        if (part.kind === "file") return <File key={place} session={session} part={part} />;
        if (part.kind === "data") return <pre key={place} tabIndex={0}>{part.text}</pre>;
        return null;
      })}
    </>
  );
}

/** Drawn again only when the message or its marks changed: entries are immutable. */
export class MessageView extends Component<MessageProps> {
  override shouldComponentUpdate(next: MessageProps): boolean {
    const now = this.props;
    return next.message !== now.message || next.name !== now.name || next.mine !== now.mine || next.notes !== now.notes || next.speech !== now.speech || next.anew !== now.anew || next.turn !== now.turn;
  }

  /** A click on a word: hear it again from there. A selection is a selection, and a link a link. */
  private readonly onClick = (event: MouseEvent): void => {
    const { message, onHear } = this.props;
    const text = event.currentTarget as HTMLElement;
    if (!sounds(message) || (event.target as Element).closest("a, button") !== null || getSelection()?.isCollapsed === false) return;
    const place = characterFromPoint(text, event.clientX, event.clientY);
    if (place !== null) onHear(message.id, wordAt(text.textContent ?? "", textOf(message), place));
  };

  override render({ message, mine, name, role, notes, session, speech, anew, turn, onHear }: MessageProps): JSX.Element {
    const marks = [...marksOf(message, speech), ...notes];
    const again = sounds(message);
    return (
      <li class={`entry ${mine ? "mine" : "theirs"} by-${role}${message.aside === "" ? "" : " aside"}`} role="listitem" data-message={message.id} data-status={message.status} data-speech={speech}>
        <div class="who">
          {message.aside === "" ? name : `${name} · ${message.aside}`}
          {again && (
            <button type="button" class="again" onClick={() => onHear(message.id, 0)} aria-label={`Hear it again: ${name}`} title="Hear it again">
              <Icon name="play" />
            </button>
          )}
          {anew && (
            <button type="button" class="again" data-anew onClick={() => void session.regenerate(message.response).catch(() => undefined)} aria-label="Another answer" title="Another answer">
              <Icon name="again" />
            </button>
          )}
        </div>
        <div class="words">
          <Reasoning message={message} />
          <div class={again ? "text audible" : "text"} onClick={this.onClick} {...(again ? { title: "Click a word to hear it again" } : {})}>
            <Words message={message} speech={speech} />
          </div>
          <MissedWords message={message} participant={session.view.participant} />
          <More message={message} session={session} />
          {turn !== undefined && <TurnStages turn={turn} />}
        </div>
        <Margin notes={marks} />
      </li>
    );
  }
}
