import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AT_ONCE, blocksOf as cut, standing, wholeFrom, type Block } from "../src/demo/blocks";
import type { Entry } from "../src/client";

/** What matters of an entry here: there are tens of thousands. */
const entry = (at: number): Entry => ({ id: `m${at}`, at, ordinal: 0 }) as unknown as Entry;
const many = (count: number, first = 1): Entry[] => Array.from({ length: count }, (_, place) => entry(first + place));

const blocksOf = (entries: readonly Entry[], known: readonly Block[]): readonly Block[] => cut({ entries, gap: -1 }, known);

describe("a transcript in blocks", () => {
  test("has every entry once, in order, whatever their places", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(5_000)), (places) => {
        const entries = places.sort((a, b) => a - b).map(entry);
        const blocks = blocksOf(entries, []);
        expect(blocks.flatMap((block) => block.entries)).toEqual(entries);
        expect(new Set(blocks.map((block) => block.key)).size).toBe(blocks.length);
        expect(blocks.every((block) => block.entries.length > 0)).toBe(true);
      }),
    );
  });

  test("is cut into some dozens, however far apart they began", () => {
    for (const step of [1, 2, 7, 100, 1_000]) {
      const sizes = blocksOf(Array.from({ length: 20_000 }, (_, place) => entry(1 + place * step)), []).map((block) => block.entries.length);
      expect(sizes.length).toBeGreaterThan(100);
      expect(Math.max(...sizes)).toBeLessThan(1_000);
    }
  });

  test("keeps every block in which nothing happened, whatever comes at the end or in front", () => {
    const entries = many(10_000, 1_000);
    const before = blocksOf(entries, []);
    const grown = [...entries.slice(0, -1), { ...(entries.at(-1) as Entry), ordinal: 7 }, entry(11_000)];
    const after = blocksOf(grown, before);
    expect(before.slice(0, -1).every((block) => after.includes(block))).toBe(true);
    const earlier = blocksOf([...many(999), ...entries], before);
    expect(before.slice(1).every((block) => earlier.includes(block))).toBe(true);
  });

  test("the newest are whole from the start, and no more than a block beyond", () => {
    const blocks = blocksOf(many(10_000), []);
    const whole = blocks.slice(wholeFrom(blocks));
    const count = (some: typeof whole): number => some.reduce((sum, block) => sum + block.entries.length, 0);
    expect(count(whole)).toBeGreaterThanOrEqual(AT_ONCE);
    expect(count(whole.slice(1))).toBeLessThan(AT_ONCE);
    expect([wholeFrom([]), wholeFrom(blocks.slice(0, 1))]).toEqual([0, 0]);
  });

  test("none goes over the gap where the newest of the past were let go of, and what stands before it stays the same", () => {
    const now = many(40, 9_000);
    const state = { entries: Object.fromEntries(now.map((one) => [one.id, one])) };
    const past = many(2_000, 1_000);
    const whole = standing({ past: [...past, ...many(6_000, 3_000)], leftOut: 0, state });
    const before = cut(whole, []);
    const all = standing({ past, leftOut: 6_000, state });
    const blocks = cut(all, before);
    expect([whole.gap, all.gap, all.entries.length]).toEqual([-1, 2_000, 2_040]);
    expect(blocks.flatMap((block) => block.entries)).toEqual([...past, ...now]);
    const after = blocks.findIndex((block) => block.entries[0] === now[0]);
    expect(blocks.slice(0, after).flatMap((block) => block.entries)).toEqual(past);
    expect(blocks.slice(0, after - 1).every((block) => before.includes(block))).toBe(true);
    expect(new Set(blocks.map((block) => block.key)).size).toBe(blocks.length);
  });

  test("what began long ago and goes on still stands with what goes on, where some are left out", () => {
    const long = entry(5);
    const state = { entries: { [long.id]: long, m900: entry(900) } };
    const past = [entry(7), entry(4)];
    expect(standing({ past, leftOut: 0, state }).entries.map(({ at }) => at)).toEqual([4, 5, 7, 900]);
    expect(standing({ past, leftOut: 3, state }).entries.map(({ at }) => at)).toEqual([4, 7, 5, 900]);
  });
});
