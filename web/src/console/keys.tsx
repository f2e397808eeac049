/**
 * The keys of the console: one table, from which the sheet comes, and one listener. A key presses the button that bears it
 * (`keyed`), so that nothing goes by key that does not go by hand, and no button bears a key that the sheet does not know.
 */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

export const KEYS = [
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
  ["c", "stop the agent's answer"],
  ["k", "pause the answer, or let it go on"],
  ["g", "steer the answer: say which way it is to go on"],
  ["s", "send the newest draft as it is"],
  ["e", "edit the newest draft"],
  ["d", "dismiss the newest draft; after you answered: done, send the wrap-up"],
  ["v", "save your note for those who help"],
  ["1–9", "join who helps, as a supervisor"],
  ["/", "find a session by a name; Enter goes to the first that is found"],
  ["↑ ↓", "in the list of what goes on: to the next session; Home, End, Page Up, Page Down"],
  ["↑", "edit the newest draft, in the field you write in"],
  ["Esc", "leave what you write in"],
  ["?", "show or hide this sheet"],
] as const;

const JOINS = ["1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;
/** Of several buttons one is gone to, and chosen by hand. */
const GOES: ReadonlySet<string> = new Set(["x"]);

/** A key that a button can bear. */
export type Key = Exclude<(typeof KEYS)[number][0], "/" | "↑ ↓" | "1–9" | "↑" | "Esc" | "?"> | (typeof JOINS)[number];

const BORNE: ReadonlySet<string> = new Set<string>([...KEYS.map(([key]) => key).filter((key) => /^[a-z]$/.test(key)), ...JOINS]);

/** What a button has that bears this key. */
export function keyed(key: Key): { readonly "data-key": Key; readonly "aria-keyshortcuts": Key } {
  return { "data-key": key, "aria-keyshortcuts": key };
}

/** What the field has in which one finds somebody. */
export const FINDS = { "data-find": true, "aria-keyshortcuts": "/" } as const;

/** The key by which one joins the so-manieth who helps, counted from 1; none beyond nine. */
export function joins(place: number): Key | undefined {
  return JOINS[place - 1];
}

type Pressed = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "repeat">;

/**
 * What a key that was pressed asks for: `sheet`, to `leave` what one writes in, to `find` somebody, the `button` that bears it, or
 * nothing. While one writes it is a letter, and while a sheet lies over the page nobody sees what it would do. Held down it
 * counts once. Pure.
 */
export function meant({ key, ctrlKey, metaKey, altKey, repeat }: Pressed, typing: boolean, covered: boolean): "sheet" | "leave" | "find" | "button" | "" {
  if (ctrlKey || metaKey || altKey || repeat) return "";
  if (typing) return key === "Escape" ? "leave" : "";
  if (key === "?") return "sheet";
  if (covered) return "";
  return key === "/" ? "find" : BORNE.has(key) ? "button" : "";
}

/** So many rows are a page. */
const A_PAGE = 10;

/** In a list of so `many`: to which place a key goes from this one; -1: it is none that goes anywhere. Pure. */
export function stepped({ key, ctrlKey, metaKey, altKey }: Omit<Pressed, "repeat">, place: number, many: number): number {
  if (ctrlKey || metaKey || altKey) return -1;
  const steps: Readonly<Record<string, number>> = { ArrowUp: -1, ArrowDown: 1, PageUp: -A_PAGE, PageDown: A_PAGE, Home: -many, End: many };
  const by = Object.hasOwn(steps, key) ? steps[key] : undefined;
  return by === undefined ? -1 : Math.min(many - 1, Math.max(0, place + by));
}

/** Whether a key that was pressed is meant for what one writes. */
export function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement && target.type === "range") return false;
  return target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
}

/** Press the first button that bears this key and can be pressed. */
function press(key: string): boolean {
  const button = document.querySelector<HTMLButtonElement>(`button[data-key="${CSS.escape(key)}"]:enabled`);
  if (GOES.has(key)) button?.focus();
  else button?.click();
  return button !== null;
}

export function Keys(): JSX.Element {
  const sheet = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const turn = (): void => (sheet.current?.open === true ? sheet.current.close() : sheet.current?.showModal());
    const onKey = (event: KeyboardEvent): void => {
      const asked = meant(event, isTyping(event.target), document.querySelector("dialog[open]") !== null);
      if (asked === "leave") return (event.target as HTMLElement).blur();
      if (asked === "sheet") turn();
      if (asked === "find") document.querySelector<HTMLElement>("[data-find]")?.focus();
      if (asked === "sheet" || asked === "find" || (asked === "button" && press(event.key))) event.preventDefault();
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
