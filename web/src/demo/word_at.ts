/** Which word somebody pointed at: from a place on the screen to a place in the message's own text, and back. */
import { codePoints } from "./recital";

/**
 * For each character of `shown`, its place in `source`: what is shown is the source with its markup left out. Where
 * nothing fits, the place before. Pure.
 */
export function places(shown: string, source: string): number[] {
  const found: number[] = [];
  let from = 0;
  for (const character of shown.split("")) {
    const place = source.indexOf(character, from);
    if (place >= 0) from = place + 1;
    found.push(Math.max(0, from - 1));
  }
  return found;
}

/** Where in `shown` the code point `character` of `source` stands. Pure. */
export function placeOf(shown: string, source: string, character: number): number {
  const wanted = Array.from(source).slice(0, character).join("").length;
  const place = places(shown, source).findIndex((one) => one >= wanted);
  return place < 0 ? shown.length : place;
}

/** Which code point of `source` the word stands at that `place` of `shown` is in. Pure. */
export function wordAt(shown: string, source: string, place: number): number {
  const [start] = wordAround(shown, place);
  return codePoints(source.slice(0, places(shown, source)[start] ?? source.length));
}

/** Where the word at `place` begins and ends in `text`; between two words, the one before. Pure. */
export function wordAround(text: string, place: number): [number, number] {
  let start = Math.min(place, text.length);
  while (start > 0 && /\s/.test(text[start - 1] ?? "")) start -= 1;
  let end = start;
  while (start > 0 && !/\s/.test(text[start - 1] ?? "")) start -= 1;
  while (end < text.length && !/\s/.test(text[end] ?? "")) end += 1;
  return [start, end];
}

/** Characters of `element`'s text before the point; null if the point is on none of its words. */
export function characterFromPoint(element: Element, x: number, y: number): number | null {
  const caret = document.caretPositionFromPoint?.(x, y) ?? null;
  if (caret === null || !element.contains(caret.offsetNode)) return null;
  const before = document.createRange();
  before.setStart(element, 0);
  before.setEnd(caret.offsetNode, caret.offset);
  return before.toString().length;
}

/** The piece of `element`'s text from character `start` to `end`. */
export function rangeOf(element: Element, start: number, end: number): Range {
  const range = document.createRange();
  range.selectNodeContents(element);
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let passed = 0;
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const length = node.nodeValue?.length ?? 0;
    if (start >= passed && start < passed + length) range.setStart(node, start - passed);
    if (end > passed && end <= passed + length) {
      range.setEnd(node, end - passed);
      break;
    }
    passed += length;
  }
  return range;
}
