import { describe, expect, test } from "vitest";
import { Networks } from "../src/voice/networks";

const [one, two] = ["192.0.2.1", "198.51.100.1"];
const of = (...addresses: string[]): ReadonlySet<string> => new Set(addresses);

/** When it is to be called anew, of looks each five seconds, every other one so much late. */
function tries(networks: Networks, there: ReadonlySet<string>, held: ReadonlySet<string>, from = 0, late = 0): number[] {
  const found: number[] = [];
  for (let turn = 0; turn <= 200; turn += 1) {
    const now = from + turn * 5_000;
    if (networks.look(now + (turn % 2 === 0 ? late : 0), there, held)) found.push(now);
  }
  return found;
}

describe("a call", () => {
  test("that was made with all addresses stays, whether it reaches the hub by them or not", () => {
    expect(tries(new Networks(of(one, two)), of(one, two), of(one, two))).toEqual([]);
    expect(tries(new Networks(of(one, two)), of(one, two), of(two))).toEqual([]);
  });

  test("is made anew for a network that was not there, and four times if that is in vain", () => {
    expect(tries(new Networks(of(two)), of(one, two), of(two))).toEqual([0, 5_000, 15_000, 35_000]);
  });

  test("is made anew as soon though a look comes late", () => {
    expect(tries(new Networks(of(two)), of(one, two), of(two), 0, 300)).toEqual([0, 5_000, 15_000, 35_000]);
  });

  test("is made anew at once when the browser tells that a network came back, however often that was in vain", () => {
    const networks = new Networks(of(one, two));
    expect(networks.look(0, of(one, two), of(two))).toBe(false);
    networks.came(one);
    expect(tries(networks, of(one, two), of(two), 5_000)).toEqual([5_000, 10_000, 20_000, 40_000]);
    networks.came(one);
    expect(networks.look(1_100_000, of(one, two), of(two))).toBe(true);
  });

  test("stays when it holds the network that the browser tells of", () => {
    const networks = new Networks(of(one, two));
    networks.came(one);
    expect(networks.look(0, of(one, two), of(one, two))).toBe(false);
  });

  test("stays once it holds the new one", () => {
    const networks = new Networks(of(two));
    expect(networks.look(0, of(one, two), of(two))).toBe(true);
    expect(tries(networks, of(one, two), of(one, two), 5_000)).toEqual([]);
  });

  test("is made anew for a network that went and came back", () => {
    const networks = new Networks(of(one, two));
    expect([networks.look(0, of(two), of(two)), networks.look(5_000, of(one, two), of(two))]).toEqual([false, true]);
  });

  test("that left a dead network is made anew for whatever it lacks", () => {
    const networks = new Networks(of(one, two));
    networks.leave();
    expect(tries(networks, of(one, two), of(two))).toEqual([0, 5_000, 15_000, 35_000]);
    networks.leave();
    expect(tries(networks, of(one, two), of(two), 2_000_000)).toEqual([2_000_000, 2_005_000, 2_015_000, 2_035_000]);
  });

  test("is soon made anew again for one that went and came back between two looks", () => {
    const networks = new Networks(of(two));
    expect(networks.look(0, of(one, two), of(two))).toBe(true); // it is gone, which the browser does not know yet
    expect(networks.look(5_000, of(one, two), of(two))).toBe(true);
  });

  test("is not made anew for a network that is gone again", () => {
    const networks = new Networks(of(two));
    networks.look(0, of(one, two), of(two));
    expect(networks.look(20_000, of(two), of(two))).toBe(false);
  });
});
