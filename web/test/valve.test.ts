import { expect, test } from "vitest";
import { Valve } from "../src/console/valve";

test("nothing leaves the page where one only listens, nor before the connection is there", () => {
  const valve = new Valve();
  expect([valve.open, valve.click(), valve.heed("monitor", true), valve.heed("whisper", true), valve.heed("monitor", true)]).toEqual([false, false, false, true, false]);
});

test("the click that takes over opens it at once, and its refusal shuts it", () => {
  const valve = new Valve();
  valve.heed("monitor", true);
  expect([valve.click(), valve.refused(), valve.click(), valve.heed("answers", true)]).toEqual([true, false, true, true]);
  expect(valve.heed("monitor", true)).toBe(false);
});

test("who loses the network is muted until the log says again where they stand", () => {
  const valve = new Valve();
  valve.heed("monitor", true);
  valve.heed("answers", true);
  expect(valve.heed("answers", false)).toBe(false);
  expect(valve.click()).toBe(false);
  expect(valve.heed("answers", true)).toBe(true);
  valve.heed("answers", false);
  expect(valve.heed("monitor", true)).toBe(false); // somebody else answers by now
});

test("a click whose connection is lost does not sound when it is back", () => {
  const valve = new Valve();
  valve.heed("monitor", true);
  valve.click();
  expect([valve.heed("monitor", false), valve.heed("monitor", true)]).toEqual([false, false]);
});
