import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codePoints, jsonWeight, KEPT, KEPT_WEIGHT, weight } from "../src/client/bounds";
import { evolve, fold } from "../src/client/fold";
import type { Event, RawState } from "../src/client/generated";
import { emptyState, endedEntries, liveness, transcript } from "../src/client/state";
import { cases, whole } from "./vectors";

interface FoldVector {
  events: Event[];
  states: Record<string, RawState>;
}
interface CompactionVector {
  events: Event[];
  compacted: Record<string, Event[]>;
}

describe("the fold of the vectors", () => {
  test.each(cases<FoldVector>("fold"))("$name", ({ vector }) => {
    let state = emptyState();
    const wanted = new Map(Object.entries(vector.states));
    expect(wanted.size).toBeGreaterThan(0);
    for (const event of vector.events) {
      ({ state } = evolve(state, event));
      const expected = wanted.get(String(event.offset));
      if (expected !== undefined) expect(whole(state)).toEqual(whole(expected));
      wanted.delete(String(event.offset));
    }
    expect([...wanted.keys()].filter((offset) => offset !== "0")).toEqual([]);
  });
});

describe("a compacted log folds as the whole one, wherever a client stands", () => {
  test.each(cases<CompactionVector>("compaction"))("$name", ({ vector }) => {
    const wholeLog = whole(fold(vector.events));
    for (const [after, compacted] of Object.entries(vector.compacted)) {
      const stood = fold(vector.events.filter((event) => (event.offset ?? 0) <= Number(after)));
      expect(whole(fold(compacted, stood))).toEqual(wholeLog);
    }
  });
});

/** Ids that are boundary-prone: few, so that events meet; and names that every object has already. */
const id = fc.constantFrom("a", "b", "constructor", "toString", "0");
const text = fc.string({ unit: "binary", maxLength: 6 });
const by = fc.constantFrom("p", "q");
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ type: fc.constant("message_started" as const), by, message: id }),
  fc.record({ type: fc.constant("message_grown" as const), by, message: id, index: fc.integer({ min: -1, max: 3 }), text, part: fc.integer({ min: 0, max: 2 }), count: fc.integer({ min: 0, max: 2 }) }),
  fc.record({ type: fc.constant("message_ended" as const), by, message: id }),
  fc.record({ type: fc.constant("message_posted" as const), by, message: id, parts: fc.constant([{ text: "hi" }]), turn: id, ends_turn: fc.boolean() }),
  fc.record({ type: fc.constant("tool_requested" as const), by, call: id, name: text, arguments: text }),
  fc.record({ type: fc.constant("tool_ended" as const), by, call: id, outcome: fc.constant("finished" as const) }),
  fc.record({ type: fc.constant("participant_joined" as const), by, participant: id, role: fc.constant("user" as const) }),
  fc.record({ type: fc.constant("participant_left" as const), by, participant: id }),
  fc.record({ type: fc.constant("attachment_opened" as const), by, participant: id, attachment: id }),
  fc.record({ type: fc.constant("right_granted" as const), by, right: id, holder: id, token: fc.nat(3) }),
  fc.record({ type: fc.constant("response_started" as const), by, response: id, turn: id }),
  fc.record({ type: fc.constant("response_ended" as const), by, response: id, outcome: fc.constant("finished" as const), turn_waits: fc.boolean() }),
  fc.record({ type: fc.constantFrom("constructor", "later_thing", "__proto__"), by, more: text }),
);
const log = fc.array(event, { maxLength: 60 }).map((events) => events.map((one, place): Event => ({ ...one, offset: place + 1, time: 1000 + place })));

/** Anything frozen throws when it is changed. */
function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}

test("every log folds, changes no state that was given out, and stays within its bounds", () => {
  fc.assert(
    fc.property(log, (events) => {
      let state = frozen(emptyState());
      for (const one of events) {
        state = frozen(evolve(state, one).state);
        expect(state.offset).toBe(one.offset);
        const ended = endedEntries(state);
        expect(ended.length).toBeLessThanOrEqual(KEPT);
        const total = ended.reduce((sum, entry) => sum + weight(entry), 0);
        expect(ended.length <= 1 || total <= KEPT_WEIGHT).toBe(true);
      }
    }),
  );
});

test("a state that went over the wire goes on as one that stayed", () => {
  fc.assert(
    fc.property(log, fc.nat(60), (events, cut) => {
      const head = fold(events.slice(0, cut));
      const carried = JSON.parse(JSON.stringify(head)) as RawState;
      expect(whole(fold(events.slice(cut), whole(carried)))).toEqual(whole(fold(events.slice(cut), head)));
    }),
  );
});

test("what leaves the window is given out once, in the order it ended", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 14_000 }), { maxLength: 60 }), (lengths) => {
      let state = emptyState();
      const gone: number[] = [];
      lengths.forEach((length, place) => {
        const evolved = evolve(state, { type: "message_posted", by: "p", message: `m${place}`, parts: [{ text: "x".repeat(length) }], offset: place + 1, time: 1 });
        state = evolved.state;
        gone.push(...evolved.gone.map((entry) => entry.ordinal));
      });
      const kept = endedEntries(state).map((entry) => entry.ordinal);
      expect([...gone, ...kept]).toEqual(lengths.map((_, place) => place + 1));
    }),
  );
});

test("what did not change is shared", () => {
  const before = fold([
    { type: "message_started", by: "p", message: "a", offset: 1, time: 1 },
    { type: "message_started", by: "p", message: "b", offset: 2, time: 1 },
  ]);
  const { state } = evolve(before, { type: "message_grown", by: "p", message: "b", index: 0, text: "hi", offset: 3, time: 2 });
  expect(state.entries["a"]).toBe(before.entries["a"]);
  expect(state.participants).toBe(before.participants);
  expect(state.entries["b"]).not.toBe(before.entries["b"]);
});

test("a name that every object has is an id like any other", () => {
  const state = fold([{ type: "message_started", by: "p", message: "constructor", offset: 1, time: 1 }]);
  expect(transcript(state).map((entry) => entry.id)).toEqual(["constructor"]);
  expect(liveness(state, "toString")).toBe("offline");
});

test("weights are counted in code points", () => {
  expect(codePoints("a𝄞é")).toBe(3);
  expect(jsonWeight({ ab: ["𝄞", 1, null, true], c: {} })).toBe(2 + 1 + 8 + 8 + 8 + 1);
});
