import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Liveness, LOST_MS, SUSPECT_MS, wayBack } from "../src/voice/liveness";

const FRAME_MS = 20;

/** What is said of frames that come at these times, looked at each `look` ms until `until`. */
function said(frames: readonly number[], until: number, look = 1): [string, number][] {
  const liveness = new Liveness();
  const told: [string, number][] = [];
  let next = 0;
  for (let now = 0; now <= until; now += look) {
    for (; next < frames.length && (frames[next] ?? 0) <= now; next++) if (liveness.frame(frames[next] ?? 0)) told.push(["back", now]);
    const turn = liveness.expire(now);
    if (turn !== null) told.push([turn, now]);
  }
  return told;
}

describe("the path of a voice", () => {
  test("is not judged before its first frame", () => {
    expect(said([], 10_000)).toEqual([]);
    expect(new Liveness().nextDeadline()).toBeNull();
    expect(new Liveness().nudge(5)).toBe(false);
  });

  test("is suspect after 150 ms of silence, lost after 300, each told once", () => {
    expect(said([0, 20, 40], 2_000)).toEqual([
      ["suspect", 190],
      ["lost", 340],
    ]);
  });

  test("is well again with any frame", () => {
    expect(said([0, 200, 220, 600], 650)).toEqual([
      ["suspect", 150],
      ["back", 200],
      ["suspect", 370],
      ["lost", 520],
      ["back", 600],
    ]);
  });

  test("is never suspect at a loss of 10 % and a jitter of 100 ms that leave no gap of 150", () => {
    const network = fc.array(fc.tuple(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 0, max: 100 })), { minLength: 100, maxLength: 400 });
    fc.assert(
      fc.property(network, (packets) => {
        const frames = packets.flatMap(([chance, late], n) => (chance < 10 ? [] : [n * FRAME_MS + late])).sort((a, b) => a - b);
        const gaps = frames.slice(1).map((at, n) => at - (frames[n] ?? 0));
        const told = said(frames, frames.at(-1) ?? 0);
        expect(told.some(([what]) => what === "lost")).toBe(gaps.some((gap) => gap > LOST_MS));
        expect(told.some(([what]) => what === "suspect")).toBe(gaps.some((gap) => gap > SUSPECT_MS));
      }),
    );
  });

  test("is suspect at once when the network may be another one, and lost 150 ms later", () => {
    const liveness = new Liveness();
    liveness.frame(1_000);
    expect([liveness.nudge(1_010), liveness.nudge(1_010), liveness.health]).toEqual([true, false, "suspect"]);
    expect(liveness.expire(1_159)).toBeNull();
    expect(liveness.expire(1_160)).toBe("lost");
    expect(liveness.frame(1_161)).toBe(true);
  });

  test("says by when it must be looked at, and nothing before", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 60 }), (gaps) => {
        const liveness = new Liveness();
        let now = 0;
        for (const gap of gaps) {
          liveness.frame(now);
          for (let deadline = liveness.nextDeadline(); deadline !== null && deadline <= now + gap; deadline = liveness.nextDeadline()) {
            expect(liveness.expire(deadline - 1)).toBeNull();
            expect(liveness.expire(deadline)).not.toBeNull();
          }
          expect(liveness.expire(now + gap)).toBeNull();
          now += gap;
        }
      }),
    );
  });

  test("that is left is not judged any more", () => {
    const liveness = new Liveness();
    liveness.frame(0);
    liveness.reset();
    expect([liveness.expire(9_999), liveness.nextDeadline()]).toEqual([null, null]);
  });
});

test("the way back is the one that stands", () => {
  expect(wayBack({ live: true, waits: true, portable: true })).toBe("waiting");
  expect(wayBack({ live: true, waits: false, portable: true })).toBe("connection");
  expect(wayBack({ live: true, waits: false, portable: false })).toBe("ticket");
  expect(wayBack({ live: false, waits: true, portable: true })).toBe("none");
});
