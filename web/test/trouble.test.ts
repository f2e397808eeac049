import { expect, test } from "vitest";
import { Refused, type Row } from "../src/console/hub";
import { takeable } from "../src/console/taking";
import { isFinal, isTaken, TICKET_REFUSED, troubleOf } from "../src/console/trouble";

const row = (session: string, reserved_for = "", ...passed: string[]): Row => ({ session, waiting: { request: "q", reason: "", skill: "", priority: 0, since: 1, reserved_for, passed } }) as unknown as Row;

test("what is kept for oneself is taken first, what one let pass last, what is kept for another not at all", () => {
  const rows = [row("passed", "", "me"), row("first"), row("other's", "you"), row("second", "", "you"), row("mine", "me", "me"), { session: "talks", waiting: null } as Row];
  expect(takeable(rows, "me").map(({ session }) => session)).toEqual(["mine", "first", "second", "passed"]);
  expect(takeable([row("passed", "", "me")], "me").length).toBe(1);
});

test("only who was too late, or lacks the skill, is to ask for the next one", () => {
  const taken = [new Refused("already_exists", "", "request"), new Refused("not_found", "", "request"), new Refused("session_erased", ""), new Refused("not_allowed", "it wants the skill billing", "request")];
  expect(taken.map(isTaken)).toEqual([true, true, true, true]);
  const others = [new Refused("ticket_refused", ""), new Refused("not_allowed", "", "capability"), new Refused("overloaded", ""), new Refused("503", ""), new TypeError("fetch")];
  expect(others.map(isTaken)).toEqual(others.map(() => false));
});

test("a refusal is said in words of its own, and what passes by waiting is not final", () => {
  const failures = [new Refused("ticket_refused", "it is over"), new Refused("overloaded", "x"), new Refused("502", ""), new Refused("not_allowed", "it wants the capability takeover"), new Refused("malformed", ""), new TypeError("fetch")];
  expect(failures.map(troubleOf)).toEqual([TICKET_REFUSED, "The hub has too much to do.", "The hub cannot do that now.", "Refused: it wants the capability takeover.", "Refused: malformed.", "The hub cannot be reached."]);
  expect(failures.map(isFinal)).toEqual([true, false, false, true, false, false]);
});
