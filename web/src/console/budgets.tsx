/** What of the session's budgets is spent, and more of it: by whoever helps. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Command, View } from "../client";
import { budgets, type Budget } from "../client/cost_fold";

const NAMES: Record<Budget, string> = { tokens: "tokens", seconds: "seconds", tool_calls: "tool calls" };

/** The command that gives a session so much of it; none where that would be less, or no number. Pure. */
export function raised(what: Budget, most: number, wanted: string): Command[] {
  const to = /^[0-9]{1,15}$/.test(wanted.trim()) ? Number(wanted) : 0;
  return to > most ? [{ type: "label_session", labels: { [`budget_${what}`]: String(to) } }] : [];
}

interface Props {
  readonly view: View;
  readonly act: (commands: readonly Command[]) => Promise<boolean>;
}

export function Budgets({ view: { state }, act }: Props): JSX.Element | null {
  const all = budgets(state);
  if (all.length === 0) return null;
  return (
    <section>
      <h2>Budget</h2>
      {all.map(({ what, spent, most }) => (
        <Raise key={`${what} ${most}`} what={what} spent={spent} most={most} ended={state.ended} act={act} />
      ))}
    </section>
  );
}

function Raise({ what, spent, most, ended, act }: { what: Budget; spent: number; most: number; ended: boolean; act: Props["act"] }): JSX.Element {
  const [wanted, setWanted] = useState(String(most * 2));
  const commands = raised(what, most, wanted);
  const raise = (event: SubmitEvent): void => {
    event.preventDefault();
    if (commands.length > 0) void act(commands);
  };
  return (
    <form class="budget" data-budget={what} data-spent={spent} data-most={most} onSubmit={raise}>
      <p class={spent >= most ? "bad" : spent * 5 >= most * 4 ? "warn" : "quiet"}>
        {spent.toLocaleString("en")} of {most.toLocaleString("en")} {NAMES[what]}{spent >= most ? ": used up" : ""}
      </p>
      <p class="row wrap">
        <input inputMode="numeric" aria-label={`Raise the ${NAMES[what]} to`} value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
        <button type="submit" class="small" disabled={ended || commands.length === 0}>Raise</button>
      </p>
    </form>
  );
}
