/** A message whose listener turned to text while it was said: words that were heard, a mark at the very word, and the rest as text. */
import type { JSX } from "preact";
import type { Message } from "../client";

/** The code point from which on it was read; -1 if nobody turned to text in the midst of it. */
export function readFrom(message: Message, length: number): number {
  const places = Object.values(message.read).filter((at) => at > 0 && at < length);
  return places.length === 0 ? -1 : Math.max(...places);
}

export function ReadOn({ characters, at }: { characters: readonly string[]; at: number }): JSX.Element {
  return (
    <p>
      {characters.slice(0, at).join("")}
      <span class="switched" role="note" aria-label="switched to text" title="switched to text" />
      {characters.slice(at).join("")}
    </p>
  );
}
