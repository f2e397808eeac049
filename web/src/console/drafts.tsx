/** What the agent, which listens on, suggests to the person who answers: to send, to edit, or to dismiss. */
import type { JSX } from "preact";
import type { Command, View } from "../client";
import type { Draft } from "../client/generated";
import { nameOf } from "../demo/names";
import { keyed } from "./keys";

interface Props {
  readonly view: View;
  readonly act: (commands: readonly Command[]) => Promise<boolean>;
  /** The draft that is being edited. */
  readonly editing: string;
  readonly onEdit: (draft: Draft) => void;
}

/** Say these words as a message of one's own; the log says whose draft they were. */
export function sent(text: string, draft = ""): Command {
  return { type: "post_message", message: `m_${crypto.randomUUID()}`, parts: [{ text }], ...(draft === "" ? {} : { draft }) };
}

/** The newest comes first, and bears the keys. */
export function Drafts({ view: { state, participant: me }, act, editing, onEdit }: Props): JSX.Element | null {
  const drafts = state.responder === me ? state.drafts.filter((one) => one.id !== editing).reverse() : [];
  const [newest] = drafts;
  return (
    <section class="drafts" aria-label="Drafts" aria-live="polite">
      {drafts.map((draft) => (
        <article key={draft.id} data-draft={draft.id}>
          <p class="draft-text"><span class="quiet">{nameOf(state, draft.by, me)} suggests:</span> {draft.text}</p>
          <p class="row">
            <button type="button" {...(draft === newest ? keyed("s") : {})} class="small primary" onClick={() => void act([sent(draft.text, draft.id)])}>Send {draft === newest && <kbd>s</kbd>}</button>
            <button type="button" {...(draft === newest ? keyed("e") : {})} class="small" onClick={() => onEdit(draft)}>Edit {draft === newest && <kbd>e</kbd>}</button>
            <button type="button" {...(draft === newest ? keyed("d") : {})} class="small" onClick={() => void act([{ type: "dismiss_draft", draft: draft.id }])}>Dismiss {draft === newest && <kbd>d</kbd>}</button>
          </p>
        </article>
      ))}
    </section>
  );
}
