import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AT_ONCE, blocksOf, wholeFrom } from "../src/demo/blocks";
import type { Entry } from "../src/client";

/** What matters of an entry here: there are tens of thousands. */
const entry = (at: number): Entry => ({ id: `m${at}`, at, ordinal: 0 }) as unknown as Entry;
const many = (count: number, first = 1): Entry[] => Array.from({ length: count }, (_, place) => entry(first + place));

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
});
