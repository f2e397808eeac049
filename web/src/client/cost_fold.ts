/** What the log says of a session's cost (a part of `fold`), and what it says of budgets. Twin of `legato/session/cost_fold.py` and of what `cost_rules.py` derives. */
import type { Handlers } from "./fold";
import type { State, Usage } from "./generated";
import { filled, of } from "./state";

type Mine = "usage_reported" | "budget_neared" | "budget_exhausted";

export const COST_FOLD: Pick<Handlers, Mine> = {
  usage_reported: (state, { tokens_in, tokens_out, ms }) => {
    const before = used(state);
    return { usage: { ...before, tokens_in: before.tokens_in + tokens_in, tokens_out: before.tokens_out + tokens_out, ms: before.ms + ms } };
  },
  budget_neared: () => ({}),
  budget_exhausted: () => ({}),
};

/** A tool call was started. */
export function toolCounted(state: State): Partial<State> {
  const before = used(state);
  return { usage: { ...before, tool_calls: before.tool_calls + 1 } };
}

/** What was used so far. */
export function used(state: State): Usage {
  return state.usage ?? filled("Usage", {});
}

export type Budget = "tokens" | "seconds" | "tool_calls";

export interface Spent {
  readonly what: Budget;
  readonly spent: number;
  readonly most: number;
}

/** The session's budgets, and what is spent of each. */
export function budgets(state: State): Spent[] {
  const { tokens_in, tokens_out, ms, tool_calls } = used(state);
  const all: readonly [Budget, number][] = [["tokens", tokens_in + tokens_out], ["seconds", Math.floor(ms / 1000)], ["tool_calls", tool_calls]];
  return all.flatMap(([what, spent]) => {
    const label = of(state.labels, `budget_${what}`) ?? "";
    const most = /^[0-9]+$/.test(label) ? Number(label) : 0;
    return most > 0 ? [{ what, spent, most }] : [];
  });
}
