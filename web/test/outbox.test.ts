import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Outbox, WINDOW, type Batch } from "../src/client/outbox";
import { cases } from "./vectors";

interface Step {
  do: string;
  raw?: string;
  now?: number;
  seq?: number;
  last?: number;
  reason?: string;
  expected?: number;
  retry_after_ms?: number;
  drawn?: number;
  answer?: unknown;
}

const plain = (batch: Batch | null): unknown => (batch === null ? null : [batch.seq, batch.raw]);

function answer(outbox: Outbox, step: Step): unknown {
  const { now = 0, seq = 0, last = 0, raw = "" } = step;
  switch (step.do) {
    case "put":
      return plain(outbox.put(raw));
    case "take":
      return outbox.take(now).map(plain);
    case "acked":
      return plain(outbox.acked(seq, now));
    case "refused":
      return plain(outbox.refused(seq, { ...step, reason: step.reason ?? "" }, now, step.drawn ?? 0));
    case "opened":
      return outbox.opened(last, now).map(plain);
    case "discontinued":
      return outbox.discontinued(last, now).map(plain);
    case "follows":
      return outbox.follows(last);
    case "renumbered":
      outbox.renumbered(last, (number, batch) => `${batch.raw}@${number}`);
      return outbox.pending().map(plain);
    case "stranded":
      return outbox.stranded;
    case "missing":
      return outbox.missing(last);
    case "next_deadline":
      return outbox.nextDeadline();
    case "pending":
      return outbox.pending().map(plain);
    default:
      throw new Error(`unknown step ${step.do}`);
  }
}

describe("the outbox of the vectors", () => {
  test.each(cases<{ steps: Step[] }>("outbox"))("$name", ({ vector }) => {
    let outbox = new Outbox();
    for (const step of vector.steps) {
      if (step.do === "restart") outbox = new Outbox(outbox.saved());
      else expect({ ...step, answer: answer(outbox, step) }).toEqual(step);
    }
  });
});

/** A hub's side of one producer: takes sequences in turn, remembers what it took, and may lose its tail. */
class Log {
  taken: string[] = [];
  take(batch: Batch): "acked" | { expected: number } {
    if (batch.seq <= this.taken.length) return "acked";
    if (batch.seq > this.taken.length + 1) return { expected: this.taken.length + 1 };
    this.taken.push(batch.raw);
    return "acked";
  }
}

type Move = { do: "put" | "drop" | "refuse" | "reconnect" | "restart" } | { do: "carry"; which: number; answered: boolean };
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("put" as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("carry" as const), which: fc.nat(3), answered: fc.boolean() }) },
  fc.record({ do: fc.constantFrom("drop", "refuse", "reconnect", "restart" as const) }),
);

test("whatever is lost, repeated, reordered or restarted: the log has each batch once, and in order", () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 80 }), (moves) => {
      const log = new Log();
      let outbox = new Outbox();
      let wire: Batch[] = [];
      const said: string[] = [];
      let now = 0;
      const carry = (batch: Batch, answered: boolean): void => {
        const got = log.take(batch);
        if (!answered) return;
        if (got === "acked") outbox.acked(batch.seq, now);
        else outbox.refused(batch.seq, { reason: "sequence_gap", ...got }, now);
      };
      const back = (): void => {
        wire = [];
        outbox.opened(log.taken.length, now);
      };
      for (const one of moves) {
        now += 1;
        if (one.do === "put") said.push(outbox.put(`b${said.length}`).raw);
        if (one.do === "carry" && wire.length > 0) wire.splice(one.which % wire.length, 1).forEach((batch) => carry(batch, one.answered));
        if (one.do === "drop") wire.shift();
        if (one.do === "refuse") wire.splice(0, 1).forEach((batch) => outbox.refused(batch.seq, { reason: "too_fast", retry_after_ms: 3 }, now));
        if (one.do === "reconnect") back();
        if (one.do === "restart") {
          outbox = new Outbox(outbox.saved());
          back();
        }
        wire.push(...outbox.take(now));
        expect(wire.length).toBeLessThanOrEqual(WINDOW * 2);
      }
      for (let round = 0; round < 200 && outbox.pending().length > 0; round += 1) {
        now += 10;
        back();
        outbox.take(now).forEach((batch) => carry(batch, true));
      }
      expect(log.taken).toEqual(said);
    }),
  );
});

test("a log that lost what nobody keeps any more goes on under new sequences", () => {
  const outbox = new Outbox({ next: 10, waiting: [{ seq: 9, raw: "nine" }] });
  outbox.opened(5, 0);
  expect(outbox.follows(5)).toBe(false);
  outbox.renumbered(5, (seq, batch) => `${seq}:${batch.raw}`);
  expect(outbox.take(0)).toEqual([{ seq: 6, raw: "6:nine" }]);
  expect(outbox.next).toBe(7);
  expect(outbox.follows(5)).toBe(true);
});

test("what was acknowledged more than ten seconds ago is not sent again", () => {
  const outbox = new Outbox();
  outbox.put("a");
  outbox.take(0);
  outbox.acked(1, 0);
  expect(outbox.discontinued(0, 10_000)).toEqual([]);
});
