import { describe, expect, test } from "vitest";
import { Tail } from "../src/voice/tail";
import { memory } from "./memory";

const FRAME = 960;

describe("what a microphone said and nobody acknowledged", () => {
  test("is named by the page after a reload, with its bounds, until that is heard", () => {
    const tab = memory();
    const old = new Tail(tab);
    old.captured("a_1", "k1", 10 * FRAME, 1_000);
    old.safe("k1", 4 * FRAME);
    old.captured("a_1", "k1", 50 * FRAME, 2_000);
    const next = new Tail(tab);
    const left = [{ capture: "k1", since: 4 * FRAME, until: 50 * FRAME }];
    expect([next.before("a_1", "k9"), next.before("a_1", "k9"), next.before("a_2", "k9")]).toEqual([left, left, []]);
    next.safe("k2", 0);
    expect(next.before("a_1", "k9")).toEqual([]);
  });

  test("is nothing where all of it is safe", () => {
    const tab = memory();
    const old = new Tail(tab);
    old.captured("a_1", "k1", FRAME, 1_000);
    old.safe("k1", 2 * FRAME);
    old.captured("a_1", "k1", 2 * FRAME, 2_000);
    expect(new Tail(tab).before("a_1", "k9")).toEqual([]);
  });

  test("is kept over a second reload, and with what was said since", () => {
    const tab = memory();
    new Tail(tab).captured("a_1", "k1", FRAME, 1_000);
    new Tail(tab).captured("a_1", "k2", 2 * FRAME, 3_000);
    expect(new Tail(tab).before("a_1", "k9").map(({ capture, until }) => [capture, until])).toEqual([["k1", FRAME], ["k2", 2 * FRAME]]);
  });

  test("is named by the next capture of the same page, too; four at most", () => {
    const tail = new Tail(null);
    for (let number = 1; number <= 6; number++) tail.captured("a_1", `k${number}`, FRAME, number);
    expect(tail.before("a_1", "k6").map(({ capture }) => capture)).toEqual(["k2", "k3", "k4", "k5"]);
  });

  test("is named with the next capture before that has said anything", () => {
    const tail = new Tail(null);
    tail.captured("a_1", "k1", 10 * FRAME, 1_000);
    tail.safe("k1", 4 * FRAME);
    expect(tail.before("a_1", "k1")).toEqual([]);
    expect(tail.before("a_1", "k2")).toEqual([{ capture: "k1", since: 4 * FRAME, until: 10 * FRAME }]);
    tail.safe("k2", 0);
    expect(tail.before("a_1", "k2")).toEqual([]);
    tail.captured("a_1", "k2", FRAME, 2_000);
    expect(tail.before("a_1", "k2")).toEqual([]);
  });

  test.each(["{", "null", "7", "[null]", '[{"attachment":"a_1","capture":"k1","since":0}]'])("is nothing where %s was kept", (kept) => {
    expect(new Tail(memory({ "legato:said": kept })).before("a_1", "k9")).toEqual([]);
  });
});
