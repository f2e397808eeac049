import { expect, test } from "vitest";
import type { Helper } from "../src/console/hub";
import { countsOf, joinable } from "../src/console/operators";

function helper(participant: string, state: Helper["state"], session = ""): Helper {
  return { participant, name: participant, role: "operator", state, since: 1, here: true, session, users: [], more: 0 };
}

test("people who help are counted by what they do, in the order of what weighs most", () => {
  expect(countsOf([helper("a", "away"), helper("b", "answering", "s"), helper("c", "answering", "t"), helper("d", "wrap_up", "u")])).toBe("2 answering, 1 wrap-up, 1 away");
  expect(countsOf([])).toBe("");
});

test("the first nine who are in a session can be joined by a key", () => {
  const many = Array.from({ length: 12 }, (_, place) => helper(`p${place}`, "answering", `s${place}`));
  expect(joinable([helper("x", "available"), ...many]).map((row) => row.session)).toEqual(many.slice(0, 9).map((row) => row.session));
});
