import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { fold, type Entry, type State } from "../src/client";
import { Past } from "../src/client/past";
import { filled } from "../src/client/state";

const MOST = 200;
/** What a page of history has that says no limit, and what a state keeps here. */
const [PAGE, WINDOW] = [50, 10];

const ended = (ordinal: number): Entry => filled("Message", { id: `m${ordinal}`, ordinal, at: ordinal });
const span = (from: number, to: number): Entry[] => Array.from({ length: Math.max(0, to - from) }, (_, place) => ended(from + place));

/** A session that goes on, whose past a page keeps; a hub that answers as ours does. */
class Reader {
  readonly past = new Past(MOST);
  state: State;

  constructor(public finished: number) {
    this.state = this.at(finished);
  }

  get ordinals(): number[] {
    return this.past.entries.map(({ ordinal }) => ordinal);
  }

  goOn(many: number): void {
    const left = Math.max(1, this.finished - WINDOW + 1);
    this.finished += many;
    this.state = this.at(this.finished);
    this.past.add(span(left, this.finished - WINDOW + 1));
  }

  /** The page comes after the session went on by so many. */
  earlier(meanwhile = 0): void {
    const before = this.past.earlier(this.state);
    this.goOn(meanwhile);
    if (before > 0) this.past.page(span(Math.max(1, before - PAGE), before), before, this.state);
  }

  later(meanwhile = 0): void {
    const before = this.past.after(this.state);
    this.goOn(meanwhile);
    if (before > 0) this.past.later(span(Math.max(1, before - PAGE), before), before, this.state);
  }

  newest(): void {
    this.past.newest(this.state);
  }

  private at(finished: number): State {
    return { ...fold([]), finished, entries: Object.fromEntries(span(Math.max(1, finished - WINDOW + 1), finished + 1).map((one) => [one.id, one])) };
  }
}

describe("who reads back further than a page keeps", () => {
  let reader: Reader;

  beforeEach(() => {
    reader = new Reader(1_000);
    for (let page = 0; page < MOST / PAGE; page += 1) reader.earlier();
  });

  test("is given older ones, for which the newest of the past go, down to the first of all", () => {
    expect([reader.ordinals[0], reader.ordinals.length, reader.past.leftOut(reader.state)]).toEqual([791, MOST, 0]);
    reader.earlier();
    expect([reader.ordinals[0], reader.ordinals.length, reader.past.leftOut(reader.state)]).toEqual([741, MOST, PAGE]);
    for (let page = 0; page < 20; page += 1) reader.earlier();
    expect([reader.ordinals[0], reader.ordinals.at(-1), reader.past.before(reader.state)]).toEqual([1, MOST, 0]);
    expect(reader.past.leftOut(reader.state)).toBe(990 - MOST);
    expect(reader.past.hole(reader.state)).toBe(0);
  });

  test("keeps what they read while the session goes on", () => {
    reader.goOn(300);
    expect([reader.ordinals[0], reader.ordinals.at(-1)]).toEqual([791, 990]);
    expect([reader.past.leftOut(reader.state), reader.past.hole(reader.state)]).toEqual([300, 0]);
  });

  test("reads on from there to what goes on, page after page, and is then where they were before", () => {
    for (let page = 0; page < 10; page += 1) reader.earlier();
    reader.later();
    expect([reader.ordinals[0], reader.ordinals.at(-1)]).toEqual([341, 540]);
    for (let page = 0; page < 8; page += 1) reader.later(1);
    for (let page = 0; page < 2; page += 1) reader.later();
    expect([reader.ordinals.at(-1), reader.past.leftOut(reader.state), reader.past.after(reader.state)]).toEqual([998, 0, 0]);
    reader.newest();
    reader.goOn(3);
    expect([reader.ordinals.at(-1), reader.ordinals.length]).toEqual([1_001, MOST]);
  });

  test("is back at what goes on at once, if they want that: nothing is left out, and older ones are asked for from there", () => {
    reader.earlier();
    reader.newest();
    expect([reader.ordinals, reader.past.leftOut(reader.state), reader.past.before(reader.state)]).toEqual([[], 0, 991]);
    reader.goOn(5);
    expect(reader.ordinals).toEqual([991, 992, 993, 994, 995]);
    reader.earlier();
    expect([reader.ordinals[0], reader.ordinals.length]).toEqual([941, 55]);
  });

  test("who was at the end of it keeps the newest", () => {
    reader.newest();
    reader.goOn(5);
    expect([reader.ordinals[0], reader.ordinals.at(-1), reader.past.leftOut(reader.state)]).toEqual([796, 995, 0]);
  });

  test("a page that comes when what it stood before was let go of is not kept", () => {
    reader.earlier();
    const before = reader.past.before(reader.state);
    reader.newest();
    reader.past.page(span(before - PAGE, before), before, reader.state);
    reader.past.later(span(before, before + PAGE), before + PAGE, reader.state);
    expect([reader.ordinals, reader.past.hole(reader.state)]).toEqual([[], 0]);
  });

  test("what the log lost is left out no more", () => {
    reader.goOn(300);
    const less = new Reader(900).state;
    reader.past.lost(901, less);
    expect([reader.ordinals.at(-1), reader.past.leftOut(less)]).toEqual([900, 0]);
  });
});

test("whatever one reads: it is bounded, without holes, and goes on to both ends", () => {
  const step = fc.oneof(
    fc.record({ does: fc.constantFrom("earlier", "later"), meanwhile: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ does: fc.constantFrom("newest", "goOn"), meanwhile: fc.integer({ min: 0, max: 120 }) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 700 }), fc.array(step, { maxLength: 30 }), (finished, steps) => {
      const reader = new Reader(finished);
      for (const { does, meanwhile } of steps) {
        const first = reader.ordinals[0];
        if (does === "earlier") reader.earlier(meanwhile);
        else if (does === "later") reader.later(meanwhile);
        else if (does === "goOn") reader.goOn(meanwhile);
        else reader.newest();
        const { ordinals, past, state } = reader;
        expect(ordinals.length).toBeLessThanOrEqual(MOST);
        expect(ordinals.every((one, place) => place === 0 || one === (ordinals[place - 1] ?? 0) + 1)).toBe(true);
        const next = Math.max(1, state.finished - WINDOW + 1);
        if (ordinals.length > 0) expect(past.leftOut(state)).toBe(next - 1 - (ordinals.at(-1) ?? 0));
        expect(past.before(state)).toBe((ordinals[0] ?? next) > 1 ? (ordinals[0] ?? next) : 0);
        if (does === "earlier" && first !== undefined && first > 1) expect(ordinals[0]).toBe(Math.max(1, first - PAGE));
      }
    }),
    { numRuns: 60 },
  );
});
