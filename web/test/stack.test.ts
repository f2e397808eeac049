import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Row } from "../src/console/hub";
import { anchorOf } from "../src/console/rows";
import { between, Heights, topsOf } from "../src/console/stack";

const named = (many: number): string[] => Array.from({ length: many }, (_, place) => `s${place}`);

describe("rows, one below the other", () => {
  test("of a stretch those are drawn of which something lies in it, and no others", () => {
    const heights = fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 60 });
    fc.assert(
      fc.property(heights, fc.integer({ min: -500, max: 6_000 }), fc.nat(2_000), (all, from, many) => {
        const known = new Heights();
        const names = named(all.length);
        names.forEach((name, place) => known.set(name, all[place] ?? 0));
        const tops = topsOf(names, known);
        const [first, end] = between(tops, from, from + many);
        const drawn = names.map((_, place) => place).filter((place) => (tops[place] ?? 0) < from + many && (tops[place + 1] ?? 0) > from);
        expect(names.map((_, place) => place).slice(first, end)).toEqual(drawn);
      }),
    );
  });

  test("one that was never measured is as high as the others are on average, and one that is not laid out teaches nothing", () => {
    const known = new Heights();
    expect([known.set("s0", 40), known.set("s1", 60), known.set("s1", 60), known.set("s2", 0)]).toEqual([true, true, false, false]);
    expect([...topsOf(named(4), known)]).toEqual([0, 40, 100, 150, 200]);
    known.set("s0", 80);
    expect(known.of("s9")).toBe(70);
    known.forget();
    expect(known.of("s0")).toBe(new Heights().of("s0"));
  });

  test("of rows that went no height is kept for long", () => {
    const known = new Heights();
    named(1_000).forEach((name) => known.set(name, 50));
    known.set("s3", 90);
    known.keep(["s3", "s4"]);
    expect([known.of("s3"), known.of("s4"), known.of("s500")]).toEqual([90, 50, 70]);
  });
});

describe("what is held on to while others come", () => {
  const rows = named(10).map((session) => ({ session }) as Row);
  const heights = new Heights();
  rows.forEach(({ session }) => heights.set(session, 50));
  const laid = { rows, tops: topsOf(rows.map(({ session }) => session), heights), at: -120, scrolled: 300 };
  const came = [{ session: "new" } as Row, ...rows];

  test("is the row that one is at, if it is seen", () => {
    expect(anchorOf(laid, 200, ["s4"], came)).toEqual({ session: "s4", place: 80 });
    expect(anchorOf(laid, 200, ["s8"], came)).toEqual({ session: "s3", place: 30 });
  });

  test("is else the topmost that is seen whole", () => {
    expect(anchorOf(laid, 200, [""], came)).toEqual({ session: "s3", place: 30 });
    expect(anchorOf(laid, 20, [""], came)).toEqual({ session: "s2", place: -20 });
  });

  test("is none that moved by itself, for something happened in it", () => {
    const moved = { session: "s3", turns: 1 } as Row;
    expect(anchorOf(laid, 200, ["s3"], [moved, ...rows.filter(({ session }) => session !== "s3")])).toEqual({ session: "s4", place: 80 });
    expect(anchorOf(laid, 200, ["s3"], [])).toBeNull();
  });
});
