import { expect, test } from "vitest";
import { ALL, passes } from "../src/console/filter";
import type { Row } from "../src/console/hub";

const row = { session: "s_7Qd", title: "Order 4711", users: ["You", "Änne Weiß"], responder_name: "Ben", waiting: null, turns: 0, approvals: [] } as unknown as Row;
const finds = (words: string): boolean => passes(row, { ...ALL, words });

test("a session is found by part of a name or of its title, in capitals or not, and by how its id begins", () => {
  expect(["", "  ", "änne", "WEI", " weiß ", "4711", "s_7q"].map(finds)).toEqual([true, true, true, true, true, true, true]);
  expect(["7Qd", "Ben", "annabel"].map(finds)).toEqual([false, false, false]);
});

test("what is found must pass the others, too", () => {
  expect([passes(row, { ...ALL, words: "änne", agent: "Ben" }), passes(row, { ...ALL, words: "änne", waits: true })]).toEqual([true, false]);
});
