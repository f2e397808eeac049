import { expect, test } from "vitest";
import { joins, KEYS, keyed, meant, stepped } from "../src/console/keys";

const NONE = { ctrlKey: false, metaKey: false, altKey: false, repeat: false };

test("each key on the sheet that a button can bear asks for that button, and no other key asks for anything", () => {
  const shown: string[] = KEYS.map(([key]) => key).filter((key) => /^\w$/.test(key));
  const borne = [...shown, ..."123456789"];
  for (const key of borne) expect(meant({ ...NONE, key }, false, false)).toBe("button");
  const others = [..."abcdefghijklmnopqrstuvwxyz0ABC ", "Enter", "ArrowUp", "Tab", "1–9", "Esc", "↑"].filter((key) => !borne.includes(key));
  for (const key of others) expect(meant({ ...NONE, key }, false, false)).toBe("");
});

test("while the sheet is open no key does anything but the one that shuts it", () => {
  for (const key of [..."nlamwbtpoxhckgsedv19"]) expect(meant({ ...NONE, key }, false, true)).toBe("");
  expect(meant({ ...NONE, key: "?" }, false, true)).toBe("sheet");
});

test("while one writes keys are letters, and Esc leaves the field", () => {
  for (const key of [..."sedn1?"]) expect(meant({ ...NONE, key }, true, false)).toBe("");
  expect(meant({ ...NONE, key: "Escape" }, true, false)).toBe("leave");
  expect(meant({ ...NONE, key: "Escape" }, false, false)).toBe("");
});

test("with Ctrl, Alt or Meta a key is the browser's, and held down it counts once", () => {
  for (const with_ of ["ctrlKey", "metaKey", "altKey", "repeat"]) expect(meant({ ...NONE, key: "s", [with_]: true }, false, false)).toBe("");
});

test("a button says which key it bears to whoever listens and to whoever reads the page aloud", () => {
  expect(keyed("s")).toEqual({ "data-key": "s", "aria-keyshortcuts": "s" });
  expect([joins(0), joins(1), joins(9), joins(10)]).toEqual([undefined, "1", "9", undefined]);
});

test("the slash goes to where one finds a name, but not while one writes or the sheet is open", () => {
  const slash = { ...NONE, key: "/" };
  expect([meant(slash, false, false), meant(slash, true, false), meant(slash, false, true)]).toEqual(["find", "", ""]);
});

test("in a list arrows go by one, pages by ten, and no key beyond an end", () => {
  const step = (key: string, place: number): number => stepped({ ...NONE, key }, place, 25);
  expect([step("ArrowDown", 3), step("ArrowUp", 3), step("PageDown", 3), step("PageUp", 13), step("Home", 13), step("End", 3)]).toEqual([4, 2, 13, 3, 0, 24]);
  expect([step("ArrowDown", 24), step("ArrowUp", 0), step("PageDown", 20), step("PageUp", 4)]).toEqual([24, 0, 24, 0]);
  expect(["j", "Enter", "Tab", "constructor", "ArrowLeft"].map((key) => step(key, 3))).toEqual([-1, -1, -1, -1, -1]);
  expect(stepped({ ...NONE, ctrlKey: true, key: "ArrowDown" }, 3, 25)).toBe(-1);
});
