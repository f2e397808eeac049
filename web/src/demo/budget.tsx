/** What the conversation may cost, and that its agent answers no more when that is spent. */
import type { JSX } from "preact";
import type { View } from "../client";
import { budgets, type Spent } from "../client/cost_fold";

const NAMES: Record<Spent["what"], string> = { tokens: "tokens", seconds: "seconds", tool_calls: "tool calls" };

function text({ what, spent, most }: Spent): string {
  return `${spent.toLocaleString("en")} of ${most.toLocaleString("en")} ${NAMES[what]}`;
}

function words(near: readonly Spent[]): string {
  const gone = near.filter(({ spent, most }) => spent >= most);
  if (gone.some(({ what }) => what !== "tool_calls")) return "The budget of this conversation is used up: the agent answers no more. What you say is kept.";
  return gone.length > 0 ? "The tool calls of this conversation are used up: the agent goes on without." : "The budget of this conversation is nearly used up.";
}

/** Shown from four fifths on: before that nobody need think of it. */
export function Budget({ view: { state } }: { view: View }): JSX.Element | null {
  const near = budgets(state).filter(({ spent, most }) => spent * 5 >= most * 4);
  if (near.length === 0 || state.ended) return null;
  const gone = near.some(({ spent, most }) => spent >= most);
  return (
    <p class="elsewhere" role="status" data-budget={gone ? "exhausted" : "near"}>
      {words(near)} <span class="quiet">{near.map(text).join(", ")}</span>
    </p>
  );
}
