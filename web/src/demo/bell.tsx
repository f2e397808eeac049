/** "Tell me": by a notification of this browser, when something waits here and they are not here. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Session, View } from "../client";
import { DeniedError, offered, seen, subscribe, subscribed, unsubscribe } from "../push/telling";
import { Icon } from "./icons";

/** Pressed or not, it is called so: a name that changes and a state that does would say two things at once. */
const TELL = "Tell me when something waits for me";
const DENIED = "This browser does not let the page notify you. Allow notifications for this address in its settings, and try again.";
const FAILED = "This browser could not subscribe: its push service did not answer.";
const ON = "You will be told here when an answer has come, or something waits for your word, while you have no page open.";

export function Bell({ session, view }: { session: Session; view: View }): JSX.Element | null {
  const [said, setSaid] = useState("");
  const [busy, setBusy] = useState(false);
  const [on, setOn] = useState(false);
  const known = view.session !== "" && offered(session);
  useEffect(() => setOn(known && subscribed(view) !== ""), [known, view.state.pushes]);
  useEffect(() => {
    if (view.session !== "") void seen(view.session).catch(() => undefined);
  }, [view.session]);
  if (!known) return null;
  const turn = async (): Promise<void> => {
    setBusy(true);
    try {
      await (on ? unsubscribe(session) : subscribe(session));
      setSaid(on ? "You will not be told any more." : ON);
    } catch (problem) {
      setSaid(problem instanceof DeniedError ? DENIED : FAILED);
    }
    setBusy(false);
  };
  return (
    <div class="share-frame">
      <button type="button" class={`round plain${on ? " lit" : ""}`} aria-pressed={on} aria-busy={busy} onClick={() => void turn()} aria-label={TELL} title={on ? "Do not tell me any more" : TELL} data-bell>
        <Icon name="bell" />
      </button>
      <div role="status">
        {said !== "" && (
          <div class="share told">
            <p>{said}</p>
            <button type="button" class="small" onClick={() => setSaid("")}>
              Close
            </button>
          </div>
        )}
      </div>
    </div>
  );
}
