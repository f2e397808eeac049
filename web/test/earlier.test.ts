import { expect, test } from "vitest";
import { fold, type View } from "../src/client";
import { linesOf } from "../src/console/earlier";

test("notes of this session and of others of the caller, and what was promised there, stand newest first", () => {
  const state = fold([
    { type: "participant_joined", by: "hub", participant: "olga", role: "operator", name: "Olga", offset: 1, time: 1 },
    { type: "wrapped_up", by: "olga", participant: "olga", disposition: "solved", notes: "was kind", offset: 2, time: 50 },
  ]);
  const view = { state, participant: "me", session: "s_1" } as View;
  const noted = { by: "ben", name: "Ben", time: 70, disposition: "", notes: "angry" };
  const there = { session: "s_2", title: "", noted: [noted], helped: [{ name: "Ben", until: 20, promises: ["a call"] }] };
  const lines = linesOf(view, [{ ...there, session: "s_1" }, there]);
  expect(lines.map(({ head, text, elsewhere }) => [head, text, elsewhere])).toEqual([
    ["Ben", "angry", true],
    ["Olga, solved", "was kind", false],
    ["Ben, promised", "a call", true],
  ]);
});
