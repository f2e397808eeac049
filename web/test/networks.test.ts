import { describe, expect, test } from "vitest";
import { Networks } from "../src/voice/networks";

const [one, two] = ["192.0.2.1", "198.51.100.1"];
const of = (...addresses: string[]): ReadonlySet<string> => new Set(addresses);

describe("a call", () => {
  test("that holds every network ready stays", () => {
    const networks = new Networks();
    expect([0, 5_000, 10_000].map((now) => networks.look(now, of(one, two), of(one, two)))).toEqual([false, false, false]);
  });

  test("that lacks one is made anew at once, and then ever more seldom while that is in vain", () => {
    const networks = new Networks();
    const tries: number[] = [];
    for (let now = 0; now <= 1_000_000; now += 5_000) if (networks.look(now, of(one, two), of(two))) tries.push(now);
    expect(tries).toEqual([0, 15_000, 45_000, 105_000, 225_000, 465_000, 765_000]);
  });

  test("is made anew at once for a network that was not there before", () => {
    const networks = new Networks();
    networks.look(0, of(one, two), of(two));
    networks.look(5_000, of(two), of(two));
    expect(networks.look(10_000, of(one, two), of(two))).toBe(true);
    expect(networks.look(15_000, of(one, two), of(two))).toBe(false);
  });

  test("that holds all again is patient anew", () => {
    const networks = new Networks();
    for (const now of [0, 15_000, 45_000]) networks.look(now, of(one, two), of(two));
    networks.look(50_000, of(one, two), of(one, two));
    expect([55_000, 69_999, 70_000].map((now) => networks.look(now, of(one, two), of(two)))).toEqual([true, false, true]);
  });
});
