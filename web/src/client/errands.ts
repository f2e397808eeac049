/**
 * What a client that runs tools has to do, by the state. The twin of `legato/client/errands.py`.
 *
 * A client says which tools it can run, claims the calls of them that wait for one, and lets go of those that are
 * no longer its own. Of a call that it claimed and knows nothing of any more (its page was loaded anew) it begins again
 * what is idempotent; of the rest it says that nobody knows.
 */
import type { State, ToolCall } from "./generated";
import { began, of } from "./state";

export interface Errands {
  /** Say that these can be run; null: that has been said. */
  readonly announce: readonly string[] | null;
  /** Start and do these calls. */
  readonly claim: readonly string[];
  /** End these as `interrupted`. */
  readonly abandon: readonly string[];
  /** Stop doing these. */
  readonly over: readonly string[];
}

export function errands(state: State, attachment: string, tools: Iterable<string>, running: Iterable<string>): Errands {
  const doing = [...running];
  const here = of(state.attachments, attachment);
  if (here === undefined) return { announce: null, claim: [], abandon: [], over: doing };
  const names = [...tools].sort();
  const asked = Object.values(state.entries)
    .filter((one): one is ToolCall => one.entry === "tool" && one.ordinal === 0 && one.runs === "client")
    .sort(began);
  const mine = asked.filter((one) => one.status === "started" && one.runner === attachment);
  const waiting = asked.filter((one) => waits(one) && claimable(state, one, attachment));
  const lost = mine.filter((one) => !doing.includes(one.id));
  const again = lost.filter((one) => one.idempotent && names.includes(one.name));
  const kept = [...mine, ...waiting].map((one) => one.id);
  return {
    announce: names.join("\n") === here.tools.join("\n") ? null : names,
    claim: [...again, ...waiting].filter((one) => !doing.includes(one.id) && names.includes(one.name)).map((one) => one.id),
    abandon: lost.filter((one) => !again.includes(one)).map((one) => one.id),
    over: doing.filter((id) => !kept.includes(id)),
  };
}

/** Whether it is for a client to begin. */
function waits(call: ToolCall): boolean {
  return call.status === "approved" || (call.status === "requested" && call.approval === "");
}

/** Whether the client of that attachment is one that may run it. */
function claimable(state: State, call: ToolCall, attachment: string): boolean {
  const here = of(state.attachments, attachment);
  if (here === undefined || !here.tools.includes(call.name)) return false;
  const anybody = call.participant === "" && of(state.participants, here.participant)?.role === "user";
  return anybody || call.participant === here.participant;
}
