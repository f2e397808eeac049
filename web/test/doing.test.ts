import { expect, test } from "vitest";
import { doing, doingSaid, type Doing } from "../src/client/doing";
import type { RawState } from "../src/client/generated";
import { one, whole } from "./vectors";

interface Case {
  name: string;
  state: RawState;
  participant: string;
  doing: Partial<Doing>;
}

const NOTHING: Doing = { activity: "idle", text: "", step: 0, steps: 0, eta_ms: 0 };

test.each(one<Case[]>("doing/all.json"))("$name", ({ state, participant, doing: wanted }) => {
  expect(doing(whole(state), participant)).toEqual({ ...NOTHING, ...wanted });
});

test("it is said in words that tell how far it is and how long it takes", () => {
  expect(doingSaid(NOTHING)).toBe("here");
  expect(doingSaid({ ...NOTHING, activity: "tool", text: "Page two", step: 2, steps: 5, eta_ms: 39_500 })).toBe("Page two, 2 of 5, about 40 s");
});
