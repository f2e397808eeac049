import { expect, test } from "vitest";
import { fold } from "../src/client";
import { budgets } from "../src/client/cost_fold";
import { raised } from "../src/console/budgets";

test("a budget is raised by its label, and never lowered or made of what is no number", () => {
  expect(raised("tool_calls", 4, " 8 ")).toEqual([{ type: "label_session", labels: { budget_tool_calls: "8" } }]);
  for (const nothing of ["4", "3", "", "-9", "9.5", "1e9", "many", "9".repeat(16)]) expect(raised("tokens", 4, nothing)).toEqual([]);
});

test("what was raised is the budget from then on", () => {
  const [command] = raised("tokens", 100, "200");
  const labels = (command as { labels: Record<string, string> }).labels;
  const state = fold([
    { type: "session_created", by: "hub", labels: { budget_tokens: "100" }, offset: 1, time: 1 },
    { type: "usage_reported", by: "agent:a", tokens_in: 70, tokens_out: 30, offset: 2, time: 1 },
  ]);
  expect(budgets(state)).toEqual([{ what: "tokens", spent: 100, most: 100 }]);
  expect(budgets(fold([{ type: "session_labelled", by: "olga", labels, offset: 3, time: 1 }], state))).toEqual([{ what: "tokens", spent: 100, most: 200 }]);
});
