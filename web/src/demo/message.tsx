/** One message: who, words as they come, what was heard of them. */
import { Component, type JSX } from "preact";
import type { Message, Part, Session } from "../client";
import { File, Picture } from "./blob";
import { Markdown } from "./markdown";
import { readFrom, ReadOn } from "./read_on";

const STATUS: Partial<Record<Message["status"], string>> = {
  interrupted: "interrupted",
  cancelled: "stopped",
  failed: "failed",
};

export interface MessageProps {
  readonly message: Message;
  readonly mine: boolean;
  readonly name: string;
  readonly role: string;
  readonly notes: readonly string[];
  readonly session: Session;
}

/** The words of a message: what is shown and spoken, without reasoning. */
export function textOf(message: { readonly parts: readonly Part[] }): string {
  return message.parts
    .filter((part) => (part.kind ?? "text") === "text")
    .map((part) => part.text ?? "")
    .join("");
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
function heardOf(message: Message, length: number): number {
  const heard = Object.values(message.heard);
  return heard.length === 0 || message.status === "open" ? length : Math.min(...heard, length);
}

/** What was cut off is struck through; what is still being said is only quiet. */
function unheardClass(message: Message): string {
  return message.status === "finished" ? "unheard" : "unheard cut-off";
}

function Words({ message }: { message: Message }): JSX.Element {
  const text = textOf(message);
  const characters = [...text];
  const read = readFrom(message, characters.length);
  if (read >= 0) return <ReadOn characters={characters} at={read} />;
  const heard = heardOf(message, characters.length);
  if (heard === characters.length) return <Markdown text={text} />;
  return (
    <p>
      {characters.slice(0, heard).join("")}
      <span class="heard-until" role="note" aria-label="heard until here" title="heard until here" />
      <span class={unheardClass(message)}>{characters.slice(heard).join("")}</span>
    </p>
  );
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
    return next.message !== now.message || next.name !== now.name || next.mine !== now.mine || next.notes !== now.notes;
  }

  override render({ message, mine, name, role, notes, session }: MessageProps): JSX.Element {
    const status = STATUS[message.status];
    const marks = [...(message.spoken === null ? [] : ["spoken"]), ...(status === undefined ? [] : [status]), ...notes];
    return (
      <li class={`entry ${mine ? "mine" : "theirs"} by-${role}`} data-message={message.id} data-status={message.status}>
        <div class="who">{name}</div>
        <div class="words">
          <Reasoning message={message} />
          <div class="text">
            <Words message={message} />
          </div>
          <More message={message} session={session} />
        </div>
        <Margin notes={marks} />
      </li>
    );
  }
}
