import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Alarm, DOUBT_MS, type Effect } from "../src/voice/alarm";
import { several } from "../src/voice/hush";
import { AFTER_MS, ECHO, LEAST, Onset, OVER_MS } from "../src/voice/onset";

const BLOCK_MS = 128 / 48;
const ROOM = 0.0005;

/** Feed so many ms of it; when (ms after the first block) `loud` changed. */
function hears(onset: Onset, ms: number, heard: number, played = 0): number[] {
  const changes: number[] = [];
  for (let at = 0; at < ms; at += BLOCK_MS) if (onset.feed(heard, played, BLOCK_MS)) changes.push(at + BLOCK_MS);
  return changes;
}

describe("who speaks into the agent's words", () => {
  test("is heard as soon as it is more than a click, and once", () => {
    const onset = new Onset();
    expect(hears(onset, 500, ROOM, 0.1)).toEqual([]);
    const [first = 0, ...more] = hears(onset, 3_000, 0.1, 0.1);
    expect(first).toBeGreaterThanOrEqual(AFTER_MS);
    expect(first).toBeLessThan(AFTER_MS + BLOCK_MS);
    expect([more, onset.loud]).toEqual([[], true]);
  });

  test("is not, if it was a click, or two that lie apart", () => {
    const onset = new Onset();
    hears(onset, 500, ROOM);
    expect([...hears(onset, 8, 0.5), ...hears(onset, 20, ROOM), ...hears(onset, 8, 0.5)]).toEqual([]);
  });

  test("is heard through the dips of its own waves", () => {
    const onset = new Onset();
    hears(onset, 500, ROOM);
    expect([...hears(onset, 8, 0.1), ...hears(onset, 5, ROOM), ...hears(onset, 8, 0.1)]).toHaveLength(1);
  });

  test("has ended after a moment of quiet, and may begin again", () => {
    const onset = new Onset();
    hears(onset, 500, ROOM);
    hears(onset, 300, 0.1);
    const [over = 0] = hears(onset, 1_000, ROOM);
    expect(over).toBeGreaterThan(OVER_MS);
    expect(over).toBeLessThan(OVER_MS + 2 * BLOCK_MS);
    expect(hears(onset, 300, 0.1)).toHaveLength(1);
  });

  test("stays heard while it falls to half of what began it", () => {
    const onset = new Onset();
    hears(onset, 500, ROOM);
    hears(onset, 100, LEAST * 1.5);
    expect([...hears(onset, 1_000, LEAST * 0.75), onset.loud]).toEqual([true]);
  });

  test("is not the agent's own voice out of the loudspeaker, though it comes a moment later", () => {
    const onset = new Onset();
    expect([...hears(onset, 300, ROOM, 0.3), ...hears(onset, 1_000, 0.3 * ECHO * 0.9, 0.3)]).toEqual([]);
    expect(hears(onset, 140, 0.3 * ECHO * 0.9, 0)).toEqual([]);
    expect(hears(onset, 1_000, 0.3 * ECHO * 0.9, 0)).toHaveLength(1);
  });

  test("speaks over the loudspeaker to be heard", () => {
    const onset = new Onset();
    hears(onset, 500, ROOM, 0.3);
    expect(hears(onset, 100, 0.3 * ECHO * 1.1, 0.3)).toHaveLength(1);
  });

  test("is believed less easily after a suspicion that was for nothing, until one was not", () => {
    const loud = 0.3 * ECHO * 1.5;
    const onset = new Onset();
    hears(onset, 500, ROOM, 0.3);
    onset.wrong(true);
    expect(hears(onset, 100, loud, 0.3)).toEqual([]);
    hears(onset, 500, ROOM, 0.3);
    onset.wrong(false);
    expect(hears(onset, 100, loud, 0.3)).toHaveLength(1);
  });

  test("is never believed in so little that it cannot be heard any more", () => {
    const onset = new Onset();
    for (let n = 0; n < 1_000; n++) onset.wrong(true);
    for (let n = 0; n < 4; n++) onset.wrong(false);
    hears(onset, 500, ROOM, 0.3);
    expect(hears(onset, 100, 0.3 * ECHO * 1.1, 0.3)).toHaveLength(1);
  });

  test("is not a hum that is there from the beginning, or that came to stay", () => {
    const humming = new Onset();
    expect(hears(humming, 2_000, 0.02)).toEqual([]);
    const quiet = new Onset();
    hears(quiet, 500, ROOM);
    const changes = hears(quiet, 20_000, 0.02);
    expect(changes).toHaveLength(2);
    expect(hears(quiet, 500, 0.02)).toEqual([]);
  });

  test("is heard over a hum, though it spoke from the first moment on", () => {
    const onset = new Onset();
    hears(onset, 300, 0.3);
    hears(onset, 400, ROOM);
    expect(hears(onset, 100, 0.1)).toHaveLength(1);
  });

  test("whatever comes: it begins only by what is loud, and ends only by quiet", () => {
    const block = fc.tuple(fc.constantFrom(0, ROOM, LEAST, 0.01, 0.1, 1), fc.constantFrom(0, 0.01, 0.3, 1));
    fc.assert(
      fc.property(fc.array(block, { maxLength: 400 }), (blocks) => {
        const onset = new Onset();
        let quiet = 0;
        for (const [heard, played] of blocks) {
          quiet = heard > LEAST / 2 ? 0 : quiet + BLOCK_MS;
          const changed = onset.feed(heard, played, BLOCK_MS);
          if (changed && onset.loud) expect(heard).toBeGreaterThan(LEAST);
          if (heard < LEAST / 2 && quiet > OVER_MS + BLOCK_MS) expect(onset.loud).toBe(false);
          expect(onset.sounds).toBe(onset.sounds && blocks.some(([, one]) => one > 0));
        }
      }),
    );
  });
});

describe("the loudspeaker", () => {
  test("falls silent by the page's own suspicion, stays so when the hub agrees, and sounds when the hub says so", () => {
    const alarm = new Alarm();
    expect(alarm.suspected(1_000)).toEqual(["mute", "tell"]);
    expect(alarm.suspected(1_010)).toEqual([]);
    expect(alarm.mute()).toEqual([]);
    expect([alarm.expire(5_000), alarm.nextDeadline()]).toEqual([[], null]);
    expect(alarm.unmute(6_000)).toEqual(["right", "unmute"]);
  });

  test("sounds again when the hub thinks that it was nothing, and what hears is told", () => {
    const alarm = new Alarm();
    alarm.suspected(1_000);
    alarm.mute();
    expect(alarm.unmute(1_350)).toEqual(["wrong", "unmute"]);
    expect(alarm.suspected(2_000)).toEqual(["mute", "tell"]);
  });

  test("sounds again when the hub says nothing", () => {
    const alarm = new Alarm();
    alarm.suspected(1_000);
    expect(alarm.nextDeadline()).toBe(1_000 + DOUBT_MS);
    expect(alarm.expire(999 + DOUBT_MS)).toEqual([]);
    expect(alarm.expire(1_000 + DOUBT_MS)).toEqual(["wrong", "unmute"]);
    expect([alarm.stage, alarm.expire(9_000)]).toEqual(["sounding", []]);
  });

  test("falls silent when the hub says so, whatever the page hears", () => {
    const alarm = new Alarm();
    expect([alarm.mute(), alarm.mute(), alarm.suspected(5)]).toEqual([["mute"], [], []]);
    expect(alarm.unmute(10)).toEqual(["unmute"]);
  });

  test("whatever comes: it is silenced exactly when it sounds, and only the hub's mute lasts", () => {
    const step = fc.oneof(fc.constantFrom("suspect", "mute", "unmute"), fc.integer({ min: 1, max: DOUBT_MS + 1 }));
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const alarm = new Alarm();
        let now = 0;
        let silent = false;
        const see = (effects: Effect[]): void => {
          for (const effect of effects) {
            if (effect === "mute") expect(silent).toBe(false);
            if (effect === "mute" || effect === "unmute") silent = effect === "mute";
          }
          expect(silent).toBe(alarm.stage !== "sounding");
        };
        let held = false;
        for (const each of steps) {
          if (each === "suspect") see(alarm.suspected(now));
          else if (each === "mute" || each === "unmute") {
            held = each === "mute";
            see(held ? alarm.mute() : alarm.unmute(now));
          } else {
            now += each as number;
            see(alarm.expire(now));
          }
        }
        see(alarm.expire(now + DOUBT_MS));
        expect(silent).toBe(held);
      }),
    );
  });
});

describe("several people", () => {
  const state = (...listeners: [string, ("audio" | "text")[]][]) =>
    ({ attachments: Object.fromEntries(listeners.map(([participant, takes], n) => [`a_${n}`, { participant, takes }])) }) as never;

  test("are more than one who take audio", () => {
    expect(several(state(["p_1", ["audio"]], ["p_1", ["text"]], ["p_2", ["text"]]))).toBe(false);
    expect(several(state(["p_1", ["audio"]], ["p_1", ["audio"]]))).toBe(false);
    expect(several(state(["p_1", ["audio"]], ["p_2", ["text", "audio"]]))).toBe(true);
  });
});
