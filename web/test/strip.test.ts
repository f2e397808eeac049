import { describe, expect, test } from "vitest";
import type { LevelsPage } from "../src/client/requests";
import { filled } from "../src/client/state";
import type { Message } from "../src/client";
import type { CourseView } from "../src/demo/course";
import { saidAloud } from "../src/demo/following";
import { askedBy, clock, placeSaid } from "../src/demo/strip";

const lane = (...loud: number[]): Uint8Array => Uint8Array.from({ length: 600 }, (_, step) => (loud.includes(step) ? 200 : 0));
const page: LevelsPage = { start: 0, step_ms: 100, length: 60_000, next: 0, callers: lane(100, 300), helpers: lane(300, 500) };
const view: CourseView = { length: 60_000, pages: [page], playing: false, problem: "" };

describe("the strip of the whole call", () => {
  test("goes by five seconds, and never beyond an end", () => {
    expect(["ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown"].map((key) => askedBy(key, 20, 60))).toEqual([25, 25, 15, 15].map((to) => ({ do: "go", to })));
    expect([askedBy("ArrowLeft", 3, 60), askedBy("ArrowRight", 58, 60.5)]).toEqual([{ do: "go", to: 0 }, { do: "go", to: 60.5 }]);
  });

  test("plays by Enter and the space bar, leaves far places to the browser, and other keys to others", () => {
    const asked = (keys: readonly string[]): string[] => keys.map((key) => askedBy(key, 20, 60).do);
    expect(asked(["Enter", " "])).toEqual(["toggle", "toggle"]);
    expect(asked(["Home", "End", "PageUp", "PageDown"])).toEqual(["far", "far", "far", "far"]);
    expect(asked(["Escape", "Tab", "a", "n", "Shift", "constructor"])).toEqual(["", "", "", "", "", ""]);
  });

  test("says where it stands and who speaks there, and while it plays no place", () => {
    expect([10, 30, 50, 40].map((place) => placeSaid(view, place))).toEqual([
      "0:10 of 1:00, the caller speaks",
      "0:30 of 1:00, both speak",
      "0:50 of 1:00, the agent or operator speaks",
      "0:40 of 1:00, nobody speaks",
    ]);
    expect(placeSaid({ ...view, playing: true }, 10)).toBe("plays, of 1:00");
  });

  test("tells time in minutes and whole seconds", () => {
    expect([0, 9.9, 59.99, 60, 3_725].map(clock)).toEqual(["0:00", "0:09", "0:59", "1:00", "62:05"]);
  });
});

describe("what the strip follows", () => {
  const spoken = { track: "t", start: 0, end: 960 } as unknown as Message["spoken"];
  const typed = filled("Message", { id: "m1", at: 1, ordinal: 1 });
  const asked = filled("Message", { id: "m2", at: 2, ordinal: 2, spoken });
  const answer = filled("Message", { id: "m3", at: 3, speech_track: "t", speech_end: 480 });
  const said = (...all: Message[]): string => saidAloud({ entries: Object.fromEntries(all.map((one) => [one.id, one])) });

  test("nothing, where nothing was said aloud", () => {
    expect([said(), said(typed)]).toEqual(["", ""]);
  });

  test("what is said, how far it is, and what of it was heard", () => {
    const heard = { ...answer, settled: ["p_ada"] } as unknown as Message;
    const seen = [said(asked), said(typed, asked), said(asked, answer), said(asked, { ...answer, speech_end: 960 }), said(asked, heard)];
    expect(seen[0]).toBe(seen[1]);
    expect(new Set(seen).size).toBe(4);
  });
});
