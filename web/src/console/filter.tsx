/** Which of the sessions in the lists one wants to see. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Row } from "./hub";
import { FINDS } from "./keys";
import { nameOfRow } from "./lists";

export interface Filter {
  /** The skill that is asked for; "": any. */
  readonly skill: string;
  /** Who answers, by name; "": anybody. */
  readonly agent: string;
  /** Only those where somebody waits: for a person, for an answer, or for a yes. */
  readonly waits: boolean;
  /** Part of a name or title, or how a session's id begins; "": any. */
  readonly words: string;
}

export const ALL: Filter = { skill: "", agent: "", waits: false, words: "" };

function named(row: Row, words: string): boolean {
  const sought = words.trim().toLowerCase();
  return sought === "" || `${nameOfRow(row)}\n${row.title}`.toLowerCase().includes(sought) || row.session.toLowerCase().startsWith(sought);
}

export function passes(row: Row, { skill, agent, waits, words }: Filter): boolean {
  if (skill !== "" && row.waiting?.skill !== skill) return false;
  if (agent !== "" && row.responder_name !== agent) return false;
  if (words !== "" && !named(row, words)) return false;
  return !waits || row.waiting !== null || row.turns > 0 || row.approvals.length > 0;
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => name !== "").sort();
}

export function Filters({ rows, filter, onFilter }: { rows: readonly Row[]; filter: Filter; onFilter: (filter: Filter) => void }): JSX.Element {
  const skills = useMemo(() => sorted([...rows.map((row) => row.waiting?.skill ?? ""), filter.skill]), [rows, filter.skill]);
  const agents = useMemo(() => sorted([...rows.map((row) => row.responder_name), filter.agent]), [rows, filter.agent]);
  /** To the first that is found. */
  const go = (event: Event): void => {
    event.preventDefault();
    document.querySelector<HTMLElement>("nav .item[data-session]")?.focus();
  };
  return (
    <form class="filters" aria-label="Show only" onSubmit={go}>
      <input type="search" placeholder="Find a name" aria-label="Find a name" {...FINDS} value={filter.words} onInput={(event) => onFilter({ ...filter, words: event.currentTarget.value })} />
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
