import { expect, test } from "vitest";
import { doing, doingSaid, howFar, type Doing } from "../src/client/doing";
import type { RawState } from "../src/client/generated";
import { one, whole } from "./vectors";

interface Case {
  name: string;
  state: RawState;
  participant: string;
  doing: Partial<Doing>;
}

const NOTHING: Doing = { activity: "idle", text: "", step: 0, steps: 0, eta_ms: 0, tool: "" };

test.each(one<Case[]>("doing/all.json"))("$name", ({ state, participant, doing: wanted }) => {
  expect(doing(whole(state), participant)).toEqual({ ...NOTHING, ...wanted });
});

test("it is said in words that tell how far it is and how long it takes", () => {
  expect(doingSaid(NOTHING)).toBe("here");
  const search: Doing = { ...NOTHING, activity: "tool", text: "search", tool: "search" };
  expect(doingSaid(search)).toBe("search");
  expect(doingSaid({ ...search, text: "Page two", step: 2, steps: 5, eta_ms: 39_500 })).toBe("search: Page two, 2 of 5, about 40 s left");
  expect(doingSaid({ ...NOTHING, activity: "listening" })).toBe("listening");
  expect(howFar({ text: "", step: 0, steps: 0, eta_ms: 180_000 })).toBe("about 3 min left");
});
