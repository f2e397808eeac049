/** One tool call: what was asked, how far it is, what came of it; and, where a person must say yes first, the question. */
import { Component, type JSX } from "preact";
import type { Session, ToolCall } from "../client";
import { howFar } from "../client/doing";
import { Icon } from "./icons";
import { Margin } from "./message";

/** JSON text as pairs to show; what is no object is one pair without a name. */
export function pairsOf(json: string): [string, string][] {
  if (json === "") return [];
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return Object.entries(value).map(([name, one]) => [name, plain(one)]);
    }
    return [["", plain(value)]];
  } catch {
    return [["", json]];
  }
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function Pairs({ json, label }: { json: string; label: string }): JSX.Element | null {
  const pairs = pairsOf(json);
  if (pairs.length === 0) return null;
  return (
    <dl class="pairs" aria-label={label}>
      {pairs.map(([name, value], place) => (
        <div key={place}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export interface ToolProps {
  readonly call: ToolCall;
  readonly myRole: string;
  readonly notes: readonly string[];
  readonly session: Session;
}

interface Answered {
  readonly unknown: boolean;
  readonly decide: (answer: { approved: boolean; done?: boolean }) => void;
}

/** What may be said about a call that waits for a person. */
function Answers({ unknown, decide }: Answered): JSX.Element {
  return (
    <p class="row">
      {unknown && <button type="button" class="primary small" onClick={() => decide({ approved: false, done: true })}>It was done</button>}
      <button type="button" class={unknown ? "small" : "primary small"} onClick={() => decide({ approved: true })}>{unknown ? "Do it again" : "Allow"}</button>
      <button type="button" class="small" onClick={() => decide({ approved: false })}>{unknown ? "Give up" : "Refuse"}</button>
    </p>
  );
}

export class ToolCard extends Component<ToolProps> {
  override shouldComponentUpdate(next: ToolProps): boolean {
    return next.call !== this.props.call || next.notes !== this.props.notes || next.myRole !== this.props.myRole;
  }

  private readonly decide = (answer: { approved: boolean; done?: boolean }): void => {
    const { call, session } = this.props;
    void session.do([{ type: "decide_tool", call: call.id, ...answer }]).catch(() => undefined); // another device was quicker
  };

  override render({ call, myRole, notes }: ToolProps): JSX.Element {
    const busy = call.ordinal === 0;
    const asks = busy && call.status === "requested" && call.approval !== "" && call.decided_by === "";
    return (
      <li class="entry tool" role="listitem" data-tool={call.id} data-status={call.status}>
        <div class="card" role="group" aria-label={`tool ${call.name}`}>
          <div class="card-head">
            <Icon name="tool" />
            <strong>{call.name}</strong>
            <span class={`state ${busy ? "busy" : call.status === "finished" ? "good" : "bad"}`}>
              {asks ? `waits for the ${call.approval}` : call.status}
            </span>
          </div>
          <Pairs json={call.arguments} label="arguments" />
          {busy && call.steps > 0 && <progress max={call.steps} value={call.step} aria-label={call.text || "progress"} />}
          {busy && (call.text !== "" || call.eta_ms > 0) && <p class="quiet" data-progress>{howFar(call)}</p>}
          <Pairs json={call.result} label="result" />
          {call.reason !== "" && <p class="bad">{call.reason}</p>}
          {asks && call.unknown && <p>Its agent was cut off while it did this. Nobody knows whether it was done.</p>}
          {call.policy !== "" && <p class="quiet">Allowed by the policy {call.policy}.</p>}
          {asks && (call.approval === myRole || (call.approval === "operator" && myRole === "supervisor")) && <Answers unknown={call.unknown} decide={this.decide} />}
        </div>
        <Margin notes={notes} />
      </li>
    );
  }
}
