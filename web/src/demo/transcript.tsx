/** The transcript: who, words as they come, tool cards, quiet marks in the margin. */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Entry, Message, State, ToolCall } from "../client";
import type { Outgoing } from "../client";
import { Markdown } from "./markdown";

export interface Note {
  readonly id: number;
  readonly at: number;
  readonly text: string;
}

interface Props {
  state: State;
  outgoing: readonly Outgoing[];
  older: readonly Entry[];
  notes: readonly Note[];
  me: string;
  hasOlder: boolean;
  onOlder: () => void;
}

const STATUS: Record<string, string> = {
  interrupted: "interrupted",
  cancelled: "stopped",
  failed: "failed",
};

/** The text of a message: what is shown, without reasoning. */
export function textOf(message: Message): string {
  return message.parts
    .filter((part) => (part.kind ?? "text") === "text")
    .map((part) => part.text ?? "")
    .join("");
}

function nameOf(state: State, id: string): string {
  const name = state.participants[id]?.name ?? "";
  return name !== "" ? name : id.replace(/^(p_|agent:)/, "").slice(0, 12);
}

function MessageView({ message, mine, name }: { message: Message; mine: boolean; name: string }): JSX.Element {
  const text = textOf(message);
  const reasoning = message.parts.filter((part) => part.kind === "reasoning").map((part) => part.text ?? "");
  const heard = Math.min(...Object.values(message.heard), text.length);
  const unheard = message.status === "interrupted" && Object.keys(message.heard).length > 0 && heard < text.length;
  return (
    <li class={`entry ${mine ? "mine" : "theirs"}`} data-message={message.id} data-status={message.status}>
      <div class="who">{name}</div>
      <div class="words">
        {reasoning.length > 0 && (
          <details class="reasoning">
            <summary>thinking</summary>
            {reasoning.join("")}
          </details>
        )}
        {unheard ? (
          <p>
            {[...text].slice(0, heard).join("")}
            <span class="heard-until" title="heard until here">
              {" ‖ "}
            </span>
            <span class="unheard">{[...text].slice(heard).join("")}</span>
          </p>
        ) : (
          <Markdown text={text} />
        )}
        {message.status === "open" && <span class="caret" aria-hidden="true" />}
        {message.spoken !== null && <span class="mark">spoken</span>}
        {STATUS[message.status] !== undefined && <span class="mark">{STATUS[message.status]}</span>}
      </div>
    </li>
  );
}

function pretty(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return Object.entries(value)
        .map(([key, one]) => `${key}: ${typeof one === "string" ? one : JSON.stringify(one)}`)
        .join(" · ");
    return typeof value === "string" ? value : JSON.stringify(value);
  } catch {
    return json;
  }
}

function ToolView({ call }: { call: ToolCall }): JSX.Element {
  const busy = call.ordinal === 0;
  return (
    <li class="entry tool" data-tool={call.id} data-status={call.status}>
      <div class="card" role="group" aria-label={`tool ${call.name}`}>
        <div class="card-head">
          <span class={`dot ${busy ? "busy" : call.status === "finished" ? "good" : "bad"}`} aria-hidden="true" />
          <strong>{call.name}</strong>
          <span class="quiet">{call.status}</span>
        </div>
        <div class="card-body">{pretty(call.arguments)}</div>
        {call.text !== "" && busy && <div class="quiet">{call.text}</div>}
        {call.result !== "" && <div class="card-result">{pretty(call.result)}</div>}
        {call.reason !== "" && <div class="bad">{call.reason}</div>}
      </div>
    </li>
  );
}

export function Transcript({ state, outgoing, older, notes, me, hasOlder, onOlder }: Props): JSX.Element {
  const list = useRef<HTMLOListElement>(null);
  const pinned = useRef(true);
  const kept = Object.values(state.entries);
  const known = new Set(kept.map((entry) => entry.id));
  const entries = [...older.filter((entry) => !known.has(entry.id)), ...kept].sort((a, b) => a.at - b.at);
  const onScroll = (): void => {
    const box = list.current;
    if (box !== null) pinned.current = box.scrollHeight - box.scrollTop - box.clientHeight < 48;
  };
  useLayoutEffect(() => {
    if (pinned.current) list.current?.scrollTo({ top: list.current.scrollHeight });
  });
  useEffect(() => {
    const stay = (): void => {
      if (pinned.current) list.current?.scrollTo({ top: list.current.scrollHeight });
    };
    addEventListener("resize", stay);
    return () => removeEventListener("resize", stay);
  }, []);
  const rows = [
    ...entries.map((entry) => ({ at: entry.at, row: row(entry, state, me) })),
    ...notes.map((note) => ({ at: note.at + 0.5, row: <li class="note" key={`note-${note.id}`}>{note.text}</li> })),
  ].sort((a, b) => a.at - b.at);
  return (
    <ol class="transcript" ref={list} onScroll={onScroll} role="log" aria-label="Transcript" tabIndex={0}>
      {hasOlder && (
        <li class="note">
          <button onClick={onOlder}>Earlier messages</button>
        </li>
      )}
      {rows.map((each) => each.row)}
      {outgoing.map((one) => (
        <li class={`entry mine ${one.delivery}`} key={one.message}>
          <div class="who">{nameOf(state, me)}</div>
          <div class="words">
            <p>{one.parts.map((part) => part.text ?? "").join("")}</p>
            <span class="mark">{one.delivery === "failed" ? `not sent: ${one.reason}` : "sending"}</span>
          </div>
        </li>
      ))}
    </ol>
  );
}

function row(entry: Entry, state: State, me: string): JSX.Element {
  return entry.entry === "tool" ? (
    <ToolView key={entry.id} call={entry} />
  ) : (
    <MessageView key={entry.id} message={entry} mine={entry.by === me} name={nameOf(state, entry.by)} />
  );
}
