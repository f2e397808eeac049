/**
 * Where in which track the words of a message sound. Pure.
 *
 * A person's words carry their times. Of an agent's speech the log says, again and again, how far the sound is and how
 * many characters are spoken by then: between two such points a word is where its share of the characters puts it.
 */
import type { Event, Message, Part, SpeechQueued } from "../client";

/** `characters` (code points) of the text are spoken at media time `at` (samples at 48 kHz). */
export interface Point {
  readonly at: number;
  readonly characters: number;
}

export interface Recital {
  readonly track: string;
  /** Grows in both; two at least. */
  readonly points: readonly Point[];
}

/** The words of a message: what is shown and spoken, without reasoning. */
export function textOf(message: { readonly parts: readonly Part[] }): string {
  return message.parts
    .filter((part) => (part.kind ?? "text") === "text")
    .map((part) => part.text ?? "")
    .join("");
}

/** Whether there is sound of it. */
export function sounds(message: Message): boolean {
  return (message.spoken !== null && message.spoken.end > message.spoken.start) || message.speech_track !== "";
}

/** What a person said, by the times of their words. */
export function spokenBy(message: Message, text: string): Recital | null {
  const { spoken } = message;
  if (spoken === null || spoken.end <= spoken.start) return null;
  const points: Point[] = [{ at: spoken.start, characters: 0 }];
  let found = 0;
  for (const [word, start, end] of spoken.words ?? []) {
    const place = text.indexOf(word, found);
    if (place < 0) continue;
    found = place + word.length;
    grow(points, start, codePoints(text.slice(0, place)));
    grow(points, end, codePoints(text.slice(0, found)));
  }
  grow(points, spoken.end, codePoints(text));
  return { track: spoken.track, points };
}

/** `recital` after the log said more of it. A message that is said anew on another track begins anew. */
export function queued(recital: Recital | undefined, event: SpeechQueued): Recital {
  const { track, start, end, characters } = event;
  const points = recital?.track === track ? [...recital.points] : [];
  // A rest that was said after a break goes on with the characters, but not without a pause.
  if (points.length === 0 || start > (points.at(-1)?.at ?? 0)) grow(points, start, points.at(-1)?.characters ?? 0);
  grow(points, end, characters);
  return { track, points };
}

/** What the events say of speech, by message. */
export function recitals(events: readonly Event[], known: ReadonlyMap<string, Recital>): ReadonlyMap<string, Recital> {
  const fresh = events.filter((event): event is SpeechQueued => event.type === "speech_queued");
  if (fresh.length === 0) return known;
  const all = new Map(known);
  for (const event of fresh) all.set(event.message, queued(all.get(event.message), event));
  return all;
}

export function startOf(recital: Recital): number {
  return recital.points[0]?.at ?? 0;
}

export function endOf(recital: Recital): number {
  return recital.points.at(-1)?.at ?? 0;
}

/** When the character (a code point's place in the text) is said. */
export function momentOf({ points }: Recital, character: number): number {
  return between(points, character, (point) => point.characters, (point) => point.at);
}

/** Which character is being said. */
export function characterAt({ points }: Recital, at: number): number {
  return Math.floor(between(points, at, (point) => point.at, (point) => point.characters));
}

function between(points: readonly Point[], x: number, from: (point: Point) => number, to: (point: Point) => number): number {
  // Of points alike the last: a word begins after the pause before it.
  const before = points.findLast((point) => from(point) <= x) ?? points[0];
  const after = points.find((point) => from(point) > x);
  if (before === undefined) return 0;
  if (after === undefined || from(before) > x) return to(before);
  return to(before) + ((to(after) - to(before)) * (x - from(before))) / (from(after) - from(before));
}

/** Add a point; what would go back is moved to where it does not. */
function grow(points: Point[], at: number, characters: number): void {
  const last = points.at(-1);
  points.push({ at: Math.max(at, last?.at ?? 0), characters: Math.max(characters, last?.characters ?? 0) });
}

export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
