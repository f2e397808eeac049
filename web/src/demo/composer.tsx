/** Where one types and talks. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Session, View } from "../client";
import { Talk } from "./talk";

export function Composer({ session, view, voice }: { session: Session; view: View; voice: boolean }): JSX.Element {
  const [text, setText] = useState("");
  const answering = Object.keys(view.state.responses).length > 0;
  const send = (event: Event): void => {
    event.preventDefault();
    const words = text.trim();
    if (words === "") return;
    setText("");
    void session.say(words).catch(() => undefined);
  };
  return (
    <form class="composer" onSubmit={send}>
      {voice && <Talk session={session} />}
      <label class="hidden" for="words">Message</label>
      <input
        id="words"
        autocomplete="off"
        placeholder="Type here…"
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          session.signal("typing", true);
        }}
      />
      <button type="submit" class="primary" disabled={text.trim() === ""}>Send</button>
      <button type="button" onClick={() => void session.stop()} disabled={!answering} aria-label="Stop the answer">Stop</button>
    </form>
  );
}
