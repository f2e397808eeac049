/** Which of the sessions in the lists one wants to see. */
import type { JSX } from "preact";
import type { Row } from "./hub";

export interface Filter {
  /** The skill that is asked for; "": any. */
  readonly skill: string;
  /** Who answers, by name; "": anybody. */
  readonly agent: string;
  /** Only those where somebody waits: for a person, for an answer, or for a yes. */
  readonly waits: boolean;
}

export const ALL: Filter = { skill: "", agent: "", waits: false };

export function passes(row: Row, { skill, agent, waits }: Filter): boolean {
  if (skill !== "" && row.waiting?.skill !== skill) return false;
  if (agent !== "" && row.responder_name !== agent) return false;
  return !waits || row.waiting !== null || row.turns > 0 || row.approvals.length > 0;
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => name !== "").sort();
}

export function Filters({ rows, filter, onFilter }: { rows: readonly Row[]; filter: Filter; onFilter: (filter: Filter) => void }): JSX.Element {
  const skills = sorted([...rows.map((row) => row.waiting?.skill ?? ""), filter.skill]);
  const agents = sorted([...rows.map((row) => row.responder_name), filter.agent]);
  return (
    <form class="filters" aria-label="Show only" onSubmit={(event) => event.preventDefault()}>
      <select aria-label="Skill" data-filter="skill" value={filter.skill} onChange={(event) => onFilter({ ...filter, skill: event.currentTarget.value })}>
        <option value="">Any skill</option>
        {skills.map((one) => <option key={one}>{one}</option>)}
      </select>
      <select aria-label="Who answers" data-filter="agent" value={filter.agent} onChange={(event) => onFilter({ ...filter, agent: event.currentTarget.value })}>
        <option value="">Anybody</option>
        {agents.map((one) => <option key={one}>{one}</option>)}
      </select>
      <label>
        <input type="checkbox" data-filter="waits" checked={filter.waits} onChange={(event) => onFilter({ ...filter, waits: event.currentTarget.checked })} /> waits
      </label>
    </form>
  );
}
