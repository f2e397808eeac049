/** Where one types, attaches and talks. Enter sends, Shift+Enter begins a line, Escape stops the answer. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Session, View } from "../client";
import { stoppable } from "../client/state";
import { useAttaching, type Attaching } from "./attaching";
import { Icon } from "./icons";
import { Talk } from "./talk";
import type { VoiceHook } from "./voice_hook";

const TYPING_MS = 2_000;

interface Props {
  readonly session: Session;
  readonly view: View;
  readonly voice: VoiceHook | null;
  /** Whether an answer is being said aloud. */
  readonly speaking: boolean;
  readonly onSent: () => void;
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

export function Composer({ session, view, voice, speaking, onSent }: Props): JSX.Element {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const attaching = useAttaching();
  const typing = useTyping(session);
  const answering = speaking || Object.values(view.state.responses).some((response) => !response.cancel_requested);
  const words = text.trim();
  const ready = !busy && (words !== "" || attaching.files.length > 0);

  const send = async (event?: Event): Promise<void> => {
    event?.preventDefault();
    if (!ready) return;
    setBusy(true);
    try {
      const parts = attaching.files.length === 0 ? [] : await attaching.upload(session);
      setText("");
      typing(false);
      onSent();
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
  const onKey = (event: KeyboardEvent): void => {
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
          placeholder="Type here…"
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
        {answering && <Pause session={session} view={view} />}
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

/** Pauses the answer, or lets it go on from the same word. */
function Pause({ session, view }: { session: Session; view: View }): JSX.Element | null {
  const { paused } = view.state;
  const response = paused === "" ? stoppable(view.state).at(-1) : paused;
  if (response === undefined) return null;
  const label = paused === "" ? "Pause the answer" : "Go on with the answer";
  const turn = (): void => void (paused === "" ? session.pause(response) : session.resume(response)).catch(() => undefined); // another device was quicker
  return (
    <button type="button" class="round plain" data-pause={paused === "" ? "off" : "on"} onClick={turn} aria-label={label} title={label}>
      <Icon name={paused === "" ? "pause" : "play"} />
    </button>
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
