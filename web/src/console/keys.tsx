/** The keys of the console, and the sheet that shows them. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { isTyping } from "./verbs";

export const KEYS: readonly (readonly [key: string, does: string])[] = [
  ["n", "take the next in the queue"],
  ["l", "listen, or stop listening"],
  ["a", "arm the microphone: nothing is sent yet"],
  ["m", "monitor: nobody hears you"],
  ["w", "whisper to who answers"],
  ["b", "barge in: everybody hears you"],
  ["t", "take over"],
  ["p", "mark your last words as promised"],
  ["o", "hold, or end the hold"],
  ["x", "go to whom you can transfer to"],
  ["h", "hand back"],
  ["d", "done: send the wrap-up"],
  ["1–9", "join who helps, as a supervisor"],
  ["↑", "edit the newest draft, in the field you write in"],
  ["Esc", "leave what you write in"],
  ["?", "show or hide this sheet"],
];

/** Whether a key that was pressed is one of the console's own. */
export function isMeant(event: KeyboardEvent): boolean {
  return !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target) && document.querySelector("dialog[open]") === null;
}

/** Press the button of the open session that this key is written on; one of several is only gone to. */
export function pressed(key: string): boolean {
  const button = document.querySelector<HTMLButtonElement>(`.desk button[data-key="${CSS.escape(key)}"]`);
  if (button === null || button.disabled) return false;
  if (key === "x") button.focus();
  else button.click();
  return true;
}

export function Keys(): JSX.Element {
  const sheet = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "?" || isTyping(event.target)) return;
      event.preventDefault();
      if (sheet.current?.open === true) sheet.current.close();
      else sheet.current?.showModal();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <>
      <button type="button" class="small" aria-keyshortcuts="?" onClick={() => sheet.current?.showModal()}>Keys <kbd>?</kbd></button>
      <dialog class="keys" ref={sheet} aria-labelledby="keys">
        <h2 id="keys">Keys</h2>
        <dl>
          {KEYS.map(([key, does]) => (
            <div key={key}><dt><kbd>{key}</kbd></dt><dd>{does}</dd></div>
          ))}
        </dl>
        <button type="button" class="small" onClick={() => sheet.current?.close()}>Close</button>
      </dialog>
    </>
  );
}
