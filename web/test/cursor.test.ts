import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Cursor, type Step } from "../src/client/cursor";
import { cases } from "./vectors";

interface Placed {
  offset: number;
}
interface VectorStep {
  do: string;
  offset?: number;
  epoch?: string;
  page?: number[];
  first?: number;
  tail?: number;
  at?: number;
  deliver: number[];
  want: string;
  delivered: number;
  stage: string;
}
interface Vector {
  epoch: string;
  delivered: number;
  most: number;
  steps: VectorStep[];
}

const placed = (offset: number): Placed => ({ offset });

function taken(cursor: Cursor<Placed>, vector: Vector, step: VectorStep): Step<Placed> {
  const { offset = 0, epoch = vector.epoch, page = [], first = 0, tail = 0, at = 0 } = step;
  switch (step.do) {
    case "publish":
      return cursor.publish(epoch, placed(offset));
    case "replay":
      return cursor.replay(page.map(placed), first, tail);
    case "snapshot":
      return cursor.snapshot(at);
    case "asked_in_vain":
      return { deliver: [], want: cursor.askedInVain() };
    case "reopened":
      return { deliver: [], want: cursor.reopened(epoch, at) };
    default:
      throw new Error(`unknown step ${step.do}`);
  }
}

describe("the cursor of the vectors", () => {
  test.each(cases<Vector>("cursor"))("$name", ({ vector }) => {
    const cursor = new Cursor<Placed>(vector.epoch, vector.delivered, vector.most);
    for (const step of vector.steps) {
      const { deliver, want } = taken(cursor, vector, step);
      expect({ ...step, deliver: deliver.map((one) => one.offset), want, delivered: cursor.delivered, stage: cursor.stage }).toEqual(step);
    }
  });
});

test("however events come, each leaves once and in order, and little is held", () => {
  const coming = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 60 });
  fc.assert(
    fc.property(coming, fc.nat(6), (offsets, start) => {
      const cursor = new Cursor<Placed>("e", start, 3);
      const out: number[] = [];
      const take = (step: Step<Placed>): void => void out.push(...step.deliver.map((one) => one.offset));
      for (const offset of offsets) {
        take(cursor.publish("e", placed(offset)));
        expect(cursor.held).toBeLessThanOrEqual(3);
      }
      const log = Array.from({ length: 20 }, (_, place) => placed(place + 1));
      take(cursor.replay(log, 1, 20));
      expect(out).toEqual(log.slice(start).map((one) => one.offset));
      expect(cursor.stage).toBe("live");
    }),
  );
});
