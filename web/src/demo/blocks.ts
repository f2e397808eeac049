/**
 * A transcript in blocks of some dozens of entries, cut where the place of an entry in the log says so: neither what comes at
 * the end nor what is put in front cuts anything anew. A block whose entries are the same is the same object, so that of tens of
 * thousands of entries only the block in which something happened is drawn again. Pure.
 */
import type { Entry, View } from "../client";
import { began, transcript } from "../client/state";

/** So many of the newest entries are drawn whole from the start, and what is older when it is nearly seen. */
export const AT_ONCE = 256;
/** One place in 64 (2 ** 6) begins a block. */
const BITS = 6;

export interface Block {
  /** Where its first entry began; 0 of the first block, which may have lost its beginning. */
  readonly key: number;
  readonly entries: readonly Entry[];
}

/** Whether a block begins with what began there: by Fibonacci hashing, for places are all but random. */
function cutsAt(place: number): boolean {
  return Math.imul(place, 0x9e3779b1) >>> (32 - BITS) === 0;
}

function same(a: readonly Entry[], b: readonly Entry[]): boolean {
  return a.length === b.length && a.every((entry, place) => entry === b[place]);
}

/** Entries as they stand one below the other. */
export interface Standing {
  readonly entries: readonly Entry[];
  /** Before which of them some are left out; -1: none are. */
  readonly gap: number;
}

/** All that is kept, in the order it began; where the newest of the past were let go of, the past stands for itself. */
export function standing({ past, leftOut, state }: Pick<View, "past" | "leftOut"> & { readonly state: Pick<View["state"], "entries"> }): Standing {
  const now = transcript(state);
  if (leftOut === 0) return { entries: [...past, ...now].sort(began), gap: -1 };
  return { entries: [...[...past].sort(began), ...now], gap: past.length };
}

/**
 * The blocks of `entries`, which are in the order they began; of those in `known` what did not change is the same. None goes
 * over the `gap`.
 */
export function blocksOf({ entries, gap }: Standing, known: readonly Block[]): readonly Block[] {
  const before = new Map(known.map((block) => [block.key, block]));
  const blocks: Block[] = [];
  for (let start = 0, end = 1; start < entries.length; start = end, end += 1) {
    while (end < entries.length && end !== gap && !cutsAt(entries[end]?.at ?? 0)) end += 1;
    const block = { key: start === 0 ? 0 : (entries[start]?.at ?? 0), entries: entries.slice(start, end) };
    const one = before.get(block.key);
    blocks.push(one !== undefined && same(one.entries, block.entries) ? one : block);
  }
  return blocks;
}

/** From which block on all are drawn whole, wherever the reader is. */
export function wholeFrom(blocks: readonly Block[]): number {
  let place = blocks.length;
  for (let many = 0; place > 0 && many < AT_ONCE; place -= 1) many += blocks[place - 1]?.entries.length ?? 0;
  return place;
}
