import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Ledger, readGoOn, readPlaying, type Playing } from "../src/voice/ledger";
import { readHeard } from "../src/voice/remembered";

const FRAME = 960;
const at = (timestamp: number, samples = 0, more: Partial<Playing> = {}): Playing => ({ message: "m_1", samples, timestamp: timestamp >>> 0, ...more });

describe("what was heard", () => {
  test("nothing, before the hub said what it plays", () => {
    const ledger = new Ledger();
    ledger.played(5_000, 0, 0);
    expect([ledger.heard, ledger.report(0)]).toEqual([null, null]);
  });

  test("up to the end of the frame that sounds, less what the output still holds", () => {
    const ledger = new Ledger();
    ledger.playing(at(10_000, 48_000), 0);
    ledger.played(10_000, 0, 0);
    expect(ledger.heard).toEqual({ message: "m_1", samples: 48_000 + FRAME });
    ledger.played(10_000 + 10 * FRAME, 480.4, 0);
    expect(ledger.heard).toEqual({ message: "m_1", samples: 48_000 + 11 * FRAME - 480 });
  });

  test("not what came while the browser let nothing sound: what plays is told anew", () => {
    const ledger = new Ledger();
    ledger.playing(at(0), 0);
    ledger.played(4 * FRAME, 0, 0);
    ledger.playing(at(5 * FRAME, 48_000), 100);
    ledger.forget();
    ledger.played(20 * FRAME, 0, 100);
    expect(ledger.heard?.samples).toBe(5 * FRAME);
    ledger.playing(at(21 * FRAME, 5 * FRAME), 120);
    ledger.played(21 * FRAME, 0, 140);
    expect(ledger.heard?.samples).toBe(6 * FRAME);
  });

  test("never goes back when the output takes longer", () => {
    const ledger = new Ledger();
    ledger.playing(at(0), 0);
    ledger.played(4 * FRAME, 0, 0);
    ledger.played(4 * FRAME, 2 * FRAME, 0);
    expect(ledger.heard?.samples).toBe(5 * FRAME);
  });

  test("is more than was played where it was said faster", () => {
    const ledger = new Ledger();
    ledger.playing(at(0, 100, { step: 1_200 }), 0);
    ledger.played(9 * FRAME, 0, 0);
    expect(ledger.heard?.samples).toBe(100 + 10 * 1_200);
  });

  test("ends where silence begins", () => {
    const ledger = new Ledger();
    ledger.playing(at(0, 0, { until: 3 * FRAME }), 0);
    ledger.played(20 * FRAME, 0, 0);
    expect(ledger.heard?.samples).toBe(3 * FRAME);
  });

  test("is of the message that sounds, though the hub sends the next one already", () => {
    const ledger = new Ledger();
    ledger.playing(at(0), 0);
    ledger.playing({ ...at(8 * FRAME), message: "m_2" }, 0);
    ledger.played(2 * FRAME, 0, 0);
    expect(ledger.heard).toEqual({ message: "m_1", samples: 3 * FRAME });
    ledger.played(8 * FRAME, 0, 0);
    expect(ledger.heard).toEqual({ message: "m_2", samples: FRAME });
  });

  test("outlives its call, and is not moved by what an older call played", () => {
    const ledger = new Ledger();
    ledger.playing(at(0), 0);
    ledger.played(2 * FRAME, 0, 0);
    ledger.begin(6_000);
    ledger.playing(at(3 * FRAME, 5), 0);
    ledger.played(2 ** 31, 0, 0);
    expect(ledger.heard).toEqual({ message: "m_1", samples: 3 * FRAME });
    ledger.playing(at(2 ** 31 + FRAME, 3 * FRAME), 0);
    ledger.played(2 ** 31 + FRAME, 0, 0);
    expect(ledger.heard).toEqual({ message: "m_1", samples: 4 * FRAME });
  });

  test("is known though the page first sees its call's frames seconds after the speech began", () => {
    const ledger = new Ledger();
    ledger.playing(at(96_000, 48_000), 0);
    ledger.begin(4_000);
    ledger.played(96_000 + 200 * FRAME, 0, 4_000);
    expect(ledger.heard).toEqual({ message: "m_1", samples: 48_000 + 201 * FRAME });
  });

  test("is nothing of what came while the sound was off; the hub plays that again", () => {
    const ledger = new Ledger();
    ledger.playing(at(0), 0);
    ledger.played(2 * FRAME, 0, 0);
    ledger.silence();
    ledger.playing(at(0, 0, { until: 9 * FRAME }), 0);
    ledger.played(5 * FRAME, 0, 0);
    ledger.sound();
    ledger.played(12 * FRAME, 0, 0);
    expect(ledger.heard?.samples).toBe(3 * FRAME);
    ledger.playing(at(14 * FRAME, 3 * FRAME), 0);
    ledger.played(15 * FRAME, 0, 0);
    expect(ledger.heard?.samples).toBe(5 * FRAME);
  });

  test("is counted through a whole circle of timestamps, however long the call", () => {
    const ledger = new Ledger();
    const half = 2 ** 29;
    for (let n = 0; n < 40; n++) {
      ledger.playing(at(n * half, n), 0);
      ledger.played(((n * half) >>> 0) + FRAME, 0, 0);
      expect(ledger.heard?.samples).toBe(n + 2 * FRAME);
    }
  });

  test("is where the pilot is, whatever the call's first timestamp, and however seldom one looks", () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), fc.nat(10_000), gaps, fc.integer({ min: 1, max: 500 }), (start, lead, steps, length) => {
        const ledger = new Ledger();
        let frame = 0;
        let before = 0;
        ledger.played(start, 0, 0);
        ledger.playing(at(start + lead, 0, { until: (start + lead + length * FRAME) >>> 0 }), 0);
        for (const step of steps) {
          frame += step;
          ledger.played((start + lead + frame * FRAME) >>> 0, 0, 0);
          const expected = Math.min(frame + 1, length) * FRAME;
          expect(ledger.heard?.samples).toBe(expected);
          expect(expected).toBeGreaterThanOrEqual(before);
          before = expected;
        }
      }),
    );
  });
});

describe("what is reported", () => {
  test("what is new, five times a second, and at once if it must be", () => {
    const ledger = new Ledger();
    ledger.playing(at(0), 0);
    const told: number[] = [];
    for (let now = 1_000; now < 2_000; now += 20) {
      ledger.played(((now - 1_000) / 20) * FRAME, 0, now);
      const report = ledger.report(now);
      if (report !== null) told.push(now);
    }
    expect(told).toEqual([1_000, 1_200, 1_400, 1_600, 1_800]);
    expect(ledger.report(1_981, true)).toEqual(ledger.heard);
    expect([ledger.report(1_982, true), ledger.report(9_000)]).toEqual([null, null]);
  });
});

test.each([null, 3, {}, { a_2: {} }, { a_1: null }, { a_1: { message: 1, samples: 0, timestamp: 0 } }, { a_1: { message: "m", samples: 0 } }])(
  "%j tells nothing of what a_1 plays",
  (data) => {
    expect(readPlaying(data, "a_1")).toBeNull();
  },
);

test("what the hub says of this attachment is read", () => {
  const told = { message: "m", samples: 3, timestamp: 4, step: 1_056, until: 9 };
  expect(readPlaying({ a_1: told, a_2: { message: "n" } }, "a_1")).toEqual(told);
});

describe("how speech goes on after a gap", () => {
  test("goes from what was heard last, and knows how long ago that was", () => {
    const ledger = new Ledger();
    ledger.playing({ message: "m", samples: 0, timestamp: 0 }, 0);
    ledger.played(2 * FRAME, 0, 1_000);
    ledger.played(4 * FRAME, 0, 1_040);
    ledger.played(4 * FRAME, 0, 1_500);
    expect(ledger.ago(3_040.4)).toBe(2_000);
  });

  test("is what was remembered, if that makes sense", () => {
    expect(["live", "catch_up", "rest", "later", "", null, undefined].map(readGoOn)).toEqual(["live", "catch_up", "rest", "", "", "", ""]);
  });
});

describe("what the page before a reload had heard", () => {
  const heard = { message: "m_1", samples: 48_000 };

  test("counts until this one hears more, and is not told again", () => {
    const ledger = new Ledger();
    ledger.before(heard, 300, 1_000);
    expect([ledger.heard, ledger.ago(1_200), ledger.report(1_200, true)]).toEqual([heard, 500, null]);
    ledger.playing(at(0, 48_000), 1_300);
    ledger.played(0, 0, 1_300);
    expect([ledger.heard?.samples, ledger.ago(1_300), ledger.report(1_300)?.samples]).toEqual([48_000 + FRAME, 0, 48_000 + FRAME]);
  });

  test("is read as it was kept, for a minute", () => {
    const kept = JSON.stringify(["m_1", 48_000, 5_000]);
    expect(readHeard(kept, 5_400)).toEqual({ heard, ago: 400 });
    expect(readHeard(kept, 4_000)).toEqual({ heard, ago: 0 });
    expect(readHeard(kept, 70_000)).toBeNull();
  });

  test.each(["", "{", "null", "{}", "[]", '["m_1","2",3]'])("is nothing where %s was kept", (kept) => {
    expect(readHeard(kept, 0)).toBeNull();
  });
});
