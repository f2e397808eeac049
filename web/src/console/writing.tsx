/** What one writes goes as far as one stands: to all, to who answers, or nowhere. */
import type { JSX } from "preact";
import { useCallback, useState } from "preact/hooks";
import type { Command, Session, View } from "../client";
import type { Draft } from "../client/generated";
import { Drafts, sent } from "./drafts";
import { placeOf } from "./words";

interface Props {
  readonly session: Session;
  readonly view: View;
  readonly field: { current: HTMLInputElement | null };
  readonly act: (commands: readonly Command[]) => Promise<boolean>;
}

export function Writing({ session, view, field, act }: Props): JSX.Element {
  const [text, setText] = useState("");
  const [draft, setDraft] = useState("");
  const { state } = view;
  const place = placeOf(state, view.participant);
  const silent = place === "monitor";
  const label = silent ? "Nobody reads you while you listen" : place === "whisper" ? "Whisper to who answers" : "Write to everybody";
  const write = (words: string): void => {
    setText(words);
    if (words === "") setDraft("");
  };
  const edit = useCallback(
    (one: Draft): void => {
      setText(one.text);
      setDraft(one.id);
      field.current?.focus();
    },
    [field],
  );
  const send = (event: Event): void => {
    event.preventDefault();
    const words = text.trim();
    if (words === "" || silent) return;
    write("");
    if (place === "whisper") void act([{ type: "whisper", text: words }]);
    else if (place === "answers" && state.drafts.some((one) => one.id === draft)) void act([sent(words, draft)]);
    else session.say(words).catch(() => undefined); // a refusal is shown beside the message
  };
  const onKey = (event: KeyboardEvent): void => {
    const newest = state.drafts.at(-1);
    if (event.key !== "ArrowUp" || text !== "" || place !== "answers" || newest === undefined) return;
    event.preventDefault();
    edit(newest);
  };
  return (
    <div class="write">
      <Drafts view={view} act={act} editing={draft} onEdit={edit} />
      {draft !== "" && <p class="editing quiet">The agent’s draft: change it as you like, Enter sends it.</p>}
      <form class="writing" onSubmit={send}>
        <input ref={field} id="words" value={text} disabled={silent} onInput={(event) => write(event.currentTarget.value)} onKeyDown={onKey} aria-label={label} placeholder={`${label}…`} autocomplete="off" />
        <button type="submit" class="primary" disabled={silent || text.trim() === ""}>{place === "whisper" ? "Whisper" : "Send"}</button>
      </form>
    </div>
  );
}
