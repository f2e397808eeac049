/** The treaty's own cases, `tests/vectors`, as this client reads them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readState } from "../src/client/state";
import type { Entry, Part, RawState, State } from "../src/client/generated";

const FOLDER = join(import.meta.dirname, "..", "..", "tests", "vectors");

/** Every case of a kind, with its name. Throws if there is none: a vector that is not run proves nothing. */
export function cases<T>(kind: string): { name: string; vector: T }[] {
  const names = readdirSync(join(FOLDER, kind)).filter((name) => name.endsWith(".json"));
  if (names.length === 0) throw new Error(`no vectors of ${kind}`);
  return names.map((name) => ({ name, vector: one<T>(`${kind}/${name}`) }));
}

export function one<T>(name: string): T {
  return JSON.parse(readFileSync(join(FOLDER, name), "utf8")) as T;
}

/** A state with every default filled in, so that two may be compared whatever was left out. */
export function whole(state: State | RawState): State {
  const read = readState({ ...state });
  const entries = Object.entries(read.entries).map(([id, entry]) => [id, wholeEntry(entry)]);
  return { ...read, entries: Object.fromEntries(entries) as Record<string, Entry> };
}

function wholeEntry(entry: Entry): Entry {
  if (entry.entry === "tool") return entry;
  const spoken = entry.spoken === null ? null : { ...entry.spoken, words: entry.spoken.words ?? [] };
  return { ...entry, spoken, parts: entry.parts.map(wholePart) };
}

function wholePart(part: Part): Part {
  return { kind: "text", text: "", name: "", type: "", size: 0, sha256: "", ...part };
}
