/**
 * What the state forgets, so that it stays small however long the session lasts: the twin of
 * `legato/session/bounds.py`, where the rules are told. Only counts and code points decide.
 */
import { endedEntries, without } from "./state";
import type { Entry, Participant, State, Turn } from "./generated";

/** Ended entries of the transcript that the state keeps: so many, of at most this weight. */
export const KEPT = 20;
export const KEPT_WEIGHT = 24_000;
const KEPT_LEFT = 32;
const KEPT_TURNS = 128;
export const KEPT_STARTED = 64;
export const KEPT_GAPS = 32;
export const KEPT_ANSWERED = 4;
export const KEPT_WHISPERS = 8;
export const KEPT_DRAFTS = 3;
export const KEPT_PASSED = 16;
export const KEPT_TOLD = 16;
export const KEPT_HELPED = 4;
export const KEPT_NOTED = 8;
export const KEPT_PROMISES = 20;
export const KEPT_TOOLS = 16;
export const KEPT_REOPENED = 8;
export const KEPT_STRETCHES = 32;
export const KEPT_SPEECH_WORDS = 512;
export const KEPT_MISSED = 16;
const KEPT_UNKNOWN = 64;
const UNKNOWN_WEIGHT = 8_000;
const WORD_WEIGHT = 24;
const SCALAR_WEIGHT = 8;

/** The state without the ended entries that no longer fit, and these, oldest first. */
export function overflow(state: State): { state: State; gone: readonly Entry[] } {
  const ended = endedEntries(state);
  let room = KEPT_WEIGHT;
  let kept = 0;
  for (const entry of ended.toReversed()) {
    room -= weight(entry);
    if (kept === KEPT || (kept > 0 && room < 0)) break;
    kept += 1;
  }
  const gone = ended.slice(0, ended.length - kept);
  if (gone.length === 0) return { state, gone };
  return { state: { ...state, entries: without(state.entries, gone.map((entry) => entry.id)) }, gone };
}

/** Participants without those who left longest ago. */
export function withoutLongGone(participants: Record<string, Participant>): Record<string, Participant> {
  const left = Object.values(participants)
    .filter((who) => who.left)
    .sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1));
  return left.length <= KEPT_LEFT ? participants : without(participants, ids(left.slice(0, -KEPT_LEFT)));
}

/** Turns without the oldest, if there are far too many. */
export function withoutOldest(turns: Record<string, Turn>): Record<string, Turn> {
  const all = Object.values(turns);
  if (all.length <= KEPT_TURNS) return turns;
  all.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  return without(turns, ids(all.slice(0, -KEPT_TURNS)));
}

/** The newest events of later versions that fit. */
export function newestUnknown(raws: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  let room = UNKNOWN_WEIGHT;
  let kept = 0;
  for (const raw of raws.toReversed()) {
    room -= jsonWeight(raw);
    if (kept === KEPT_UNKNOWN || room < 0) break;
    kept += 1;
  }
  return raws.slice(raws.length - kept);
}

/** How many code points, not UTF-16 units. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** The code points of all texts of the entry; each word that was said weighs 24 more. */
export function weight(entry: Entry): number {
  if (entry.entry === "tool") return sum([entry.name, entry.arguments, entry.text, entry.result, entry.reason]);
  const parts = entry.parts.map((part) => sum([part.text, part.name, part.type, part.sha256]));
  const words = (entry.spoken?.words ?? []).map(([text]) => codePoints(text) + WORD_WEIGHT);
  const spoken = WORD_WEIGHT * entry.speech_words.length;
  return [codePoints(entry.reason), spoken, ...parts, ...words].reduce((total, one) => total + one, 0);
}

/** The code points of all keys and texts in a JSON value; any other scalar weighs 8. */
export function jsonWeight(value: unknown): number {
  if (typeof value === "string") return codePoints(value);
  if (Array.isArray(value)) return value.reduce<number>((total, one) => total + jsonWeight(one), 0);
  if (typeof value !== "object" || value === null) return SCALAR_WEIGHT;
  return Object.entries(value).reduce((total, [key, one]) => total + codePoints(key) + jsonWeight(one), 0);
}

function sum(texts: readonly (string | undefined)[]): number {
  return texts.reduce((total, text) => total + codePoints(text ?? ""), 0);
}

function ids(all: readonly { readonly id: string }[]): string[] {
  return all.map((one) => one.id);
}
