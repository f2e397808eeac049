/**
 * Where one types, attaches and talks. Enter sends, Shift+Enter begins a line, Escape stops the answer. While one comes,
 * Ctrl+Enter (or the button that bends) makes what is typed a direction for it instead of a message of its own.
 */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Session, View } from "../client";
import { useAttaching, type Attaching } from "./attaching";
import { heldBy } from "./held";
import { Icon } from "./icons";
import { AskForPerson } from "./person";
import { Pause, Steer, steered } from "./steering";
import { Talk } from "./talk";
import type { VoiceHook } from "./voice_hook";

const TYPING_MS = 2_000;

interface Props {
  readonly session: Session;
  readonly view: View;
  readonly voice: VoiceHook | null;
  /** Whether an answer is being said aloud. */
  readonly speaking: boolean;
}

/** Tell the others that somebody types: at most every two seconds, and when it is over. */
function useTyping(session: Session): (typing: boolean) => void {
  const told = useRef(0);
  return (typing) => {
    if (typing && performance.now() - told.current < TYPING_MS) return;
    if (!typing && told.current === 0) return;
    told.current = typing ? performance.now() : 0;
    session.signal("typing", typing);
  };
}

export function Composer({ session, view, voice, speaking }: Props): JSX.Element {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const attaching = useAttaching();
  const typing = useTyping(session);
  const answering = speaking || Object.values(view.state.responses).some((response) => !response.cancel_requested);
  const words = text.trim();
  const held = heldBy(view.state, view.participant) !== ""; // the hub would not take it: it stays here
  const ready = !busy && !held && (words !== "" || attaching.files.length > 0);

  const send = async (event?: Event): Promise<void> => {
    event?.preventDefault();
    if (!ready) return;
    setBusy(true);
    try {
      const parts = attaching.files.length === 0 ? [] : await attaching.upload(session);
      setText("");
      typing(false);
      session.say(words, parts).catch(() => undefined); // a refusal is shown beside the message
    } catch {
      // The words stay where they are, and the reason stands beside what could not be sent.
    } finally {
      setBusy(false);
    }
  };
  useEffect(() => {
    const stop = (event: KeyboardEvent): void => {
      if (event.key === "Escape") void session.stop().catch(() => undefined);
    };
    addEventListener("keydown", stop);
    return () => removeEventListener("keydown", stop);
  }, [session]);
  const steerable = steered(view.state);
  const steer = (): void => {
    if (steerable === "" || words === "") return;
    setText("");
    typing(false);
    session.steer(steerable, words).catch(() => setText(words)); // it ended, or somebody else was quicker
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return steer();
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) void send(event);
  };
  const onPaste = (event: ClipboardEvent): void => {
    const files = event.clipboardData?.files;
    if (files === undefined || files.length === 0) return;
    event.preventDefault();
    attaching.add(files);
  };
  return (
    <form class="composer" aria-label="Your message" onSubmit={(event) => void send(event)} onDragOver={(event) => event.preventDefault()} onDrop={(event) => dropped(event, attaching)}>
      <Waiting attaching={attaching} />
      <div class="row">
        {voice !== null && <Talk voice={voice} />}
        <label class="hidden" for="words">Message</label>
        <textarea
          id="words"
          rows={1}
          placeholder={held ? "On hold…" : steerable === "" ? "Type here…" : "Type here, or which way to go on…"}
          value={text}
          disabled={view.ended !== null}
          onInput={(event) => {
            setText(event.currentTarget.value);
            typing(event.currentTarget.value !== "");
          }}
          onKeyDown={onKey}
          onPaste={onPaste}
          onBlur={() => typing(false)}
        />
        <Attach attaching={attaching} />
        {steerable !== "" && words !== "" ? <Steer onSteer={steer} /> : <AskForPerson session={session} view={view} words={words} onAsked={() => setText("")} />}
        {(answering || view.state.paused !== "") && <Pause session={session} view={view} />}
        {answering && !ready ? (
          <button type="button" class="round primary" key="stop" onClick={() => void session.stop().catch(() => undefined)} aria-label="Stop the answer" title="Stop the answer (Esc)">
            <Icon name="stop" />
          </button>
        ) : (
          <button type="submit" class="round primary" key="send" disabled={!ready} aria-label="Send" title="Send (Enter)">
            <Icon name="send" />
          </button>
        )}
      </div>
    </form>
  );
}

function dropped(event: DragEvent, attaching: Attaching): void {
  event.preventDefault();
  attaching.add(event.dataTransfer?.files ?? []);
}

function Attach({ attaching }: { attaching: Attaching }): JSX.Element {
  const chooser = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={chooser}
        class="hidden"
        type="file"
        multiple
        tabIndex={-1}
        aria-label="Images or files"
        onChange={(event) => {
          attaching.add(event.currentTarget.files ?? []);
          event.currentTarget.value = "";
        }}
      />
      <button type="button" class="round plain" onClick={() => chooser.current?.click()} aria-label="Attach an image or file" title="Attach an image or file">
        <Icon name="attach" />
      </button>
    </>
  );
}

function Waiting({ attaching }: { attaching: Attaching }): JSX.Element | null {
  if (attaching.files.length === 0 && attaching.problem === "") return null;
  return (
    <div class="attached">
      {attaching.files.map(({ id, file, preview }) => (
        <span class="attached-one" key={id}>
          {preview !== "" ? <img src={preview} alt="" /> : null}
          <span class="quiet">{file.name}</span>
          <button type="button" class="tiny" onClick={() => attaching.remove(id)} aria-label={`Remove ${file.name}`}>
            <Icon name="close" />
          </button>
        </span>
      ))}
      {attaching.problem !== "" && <span class="bad" role="alert">{attaching.problem}</span>}
    </div>
  );
}
