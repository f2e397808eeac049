import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EventStream } from "../src/client/event_stream";
import { fold } from "../src/client/fold";
import type { Entry, Event } from "../src/client/generated";
import { MOST_PAST, Past } from "../src/client/past";
import { Route } from "../src/client/route";
import { readSaved, freshSaved } from "../src/client/saved";
import { filled } from "../src/client/state";
import { Tally } from "../src/client/tally";
import { readEnvelope } from "../src/client/wire";

describe("route", () => {
  test("a WebSocket that could not be opened twice in a row makes way for a stream", () => {
    const route = new Route();
    route.failed();
    expect(route.way).toBe("socket");
    route.failed();
    expect(route.way).toBe("stream");
  });

  test("a failed stream asks for a WebSocket again, so that a hub that was down is found by either", () => {
    const route = new Route();
    const ways = Array.from({ length: 6 }, () => {
      const { way } = route;
      route.failed();
      return way;
    });
    expect(ways).toEqual(["socket", "socket", "stream", "socket", "stream", "socket"]);
  });

  test("while a stream carries, it is looked for a WebSocket ever more seldom", () => {
    const route = new Route();
    expect(route.nextLook()).toBeNull();
    route.failed();
    route.failed();
    route.carried();
    expect([route.nextLook(), route.nextLook(), route.way]).toEqual([3_000, 6_000, "stream"]);
    route.found();
    expect(route.way).toBe("socket");
  });

  test("a socket that carried once forgets its failures", () => {
    const route = new Route();
    route.failed();
    route.carried();
    route.failed();
    expect(route.way).toBe("socket");
  });

  test("who asks for one way gets it whatever happens", () => {
    const route = new Route("stream");
    route.failed();
    expect([route.way, route.nextLook()]).toEqual(["stream", null]);
  });
});

test("an event stream reads the same however it is cut", () => {
  const stream = ': beat\n\nid:7\ndata:{"a":"b\\n"}\n\n: beat\n\nid: 8\ndata: x\n\n';
  const expected = [{ id: 7, data: '{"a":"b\\n"}' }, { id: 8, data: "x" }];
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 8 }), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), stream.length];
      const events = new EventStream();
      const told = places.slice(1).flatMap((place, index) => events.feed(stream.slice(places[index], place)));
      expect(told).toEqual(expected);
    }),
  );
});

test.each(["", "null", "3", "[]", "{}", '{"type":1}', "{"])("%s is no envelope", (text) => {
  expect(readEnvelope(text)).toBeNull();
});

test.each([null, "", "{", "[]", '{"producer":"w"}', "null"])("%s is nothing that was kept", (text) => {
  expect(readSaved(text)).toBeNull();
});

test("what was kept is read back", () => {
  expect(readSaved(JSON.stringify(freshSaved("w")))).toEqual(freshSaved("w"));
});

const ended = (ordinal: number): ReturnType<typeof filled<"Message">> => filled("Message", { id: `m${ordinal}`, ordinal, at: ordinal });

describe("past", () => {
  const state = { ...fold([]), finished: 30, entries: Object.fromEntries([29, 30].map((n) => [`m${n}`, ended(n)])) };

  test("it says which page to ask for next, until everything is known", () => {
    const past = new Past();
    expect([past.before(state), past.hole(state)]).toEqual([29, 0]);
    past.add(Array.from({ length: 28 }, (_, n) => ended(n + 1)));
    expect(past.before(state)).toBe(0);
  });

  test("what it asks for next is before all that is known up to the state, whatever comes in which order", () => {
    const came = fc.record({ first: fc.integer({ min: 1, max: 60 }), count: fc.integer({ min: 1, max: 12 }), window: fc.integer({ min: 1, max: 70 }), lost: fc.option(fc.integer({ min: 1, max: 60 })) });
    fc.assert(
      fc.property(fc.array(came, { maxLength: 20 }), (all) => {
        const past = new Past();
        for (const { first, count, window, lost } of all) {
          const here = { ...fold([]), finished: window, entries: { [`m${window}`]: ended(window) } };
          past.add(Array.from({ length: count }, (_, n) => ended(first + n)));
          if (lost !== null) past.lost(lost, here);
          const known = new Set(past.entries.map((entry) => entry.ordinal));
          let low = window;
          while (known.has(low - 1)) low -= 1;
          expect(past.before(here)).toBe(low > 1 ? low : 0);
          expect(past.hole(here)).toBe(low > 1 && [...known].some((one) => one < low) ? low : 0);
          expect(past.entries).toEqual(past.entries.toSorted((a, b) => a.ordinal - b.ordinal));
        }
      }),
      { numRuns: 40 },
    );
  });

  test("a hole between what is known and the state is seen", () => {
    const past = new Past();
    past.add([ended(1), ended(2), ended(28)]);
    expect(past.hole(state)).toBe(28);
  });

  test("it is in order, without doubles, and bounded", () => {
    const past = new Past();
    past.add(Array.from({ length: MOST_PAST + 5 }, (_, n) => ({ ordinal: n + 1 }) as Entry).reverse());
    past.add([ended(7)]);
    expect(past.entries.length).toBe(MOST_PAST);
    expect(past.entries[0]?.ordinal).toBe(6);
  });

  test("the same entries are the same array", () => {
    const past = new Past();
    past.add([ended(1)]);
    const before = past.entries;
    past.add([ended(1)]);
    expect(past.entries).toBe(before);
  });

  test("what the log lost is forgotten", () => {
    const past = new Past();
    past.add([ended(1), ended(2), ended(3)]);
    past.lost(3, state);
    expect(past.entries.map((entry) => entry.ordinal)).toEqual([1, 2]);
  });
});

describe("tally", () => {
  const grown = (offset: number, index: number, count = 1): Event => ({ type: "message_grown", by: "p", message: "m", index, count, text: "x", offset });
  const started: Event = { type: "message_started", by: "p", message: "m", offset: 1 };

  test("a stream without holes counts nothing", () => {
    const tally = new Tally();
    tally.count([started, grown(2, 0), grown(3, 1), grown(9, 2, 6), grown(10, 8)]);
    expect([tally.lost, tally.doubled]).toEqual([0, 0]);
  });

  test("a delta that is missing is lost, and one that comes again is doubled", () => {
    const tally = new Tally();
    tally.count([started, grown(2, 0), grown(3, 3), grown(4, 2)]);
    expect([tally.lost, tally.doubled]).toEqual([2, 2]);
  });

  test("an event that comes again is doubled", () => {
    const tally = new Tally();
    tally.count([started, started]);
    expect(tally.doubled).toBe(1);
  });

  test("a snapshot says how far each message is", () => {
    const tally = new Tally();
    tally.reset(fold([started, grown(2, 0, 5)]));
    tally.count([grown(3, 5)]);
    expect([tally.lost, tally.doubled]).toEqual([0, 0]);
    tally.count([grown(4, 7)]);
    expect(tally.lost).toBe(1);
  });
});
