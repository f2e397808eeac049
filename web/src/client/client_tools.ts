/** The tools that a page runs for agents, as a device of its person (`session.tool`). Twin of `legato/client/client_tools.py`. */
import type { Command } from "./aliases";
import { errands } from "./errands";
import type { ToolCall } from "./generated";
import { of } from "./state";
import type { View } from "./view";

const MOST_RESULT = 16_000;
const MOST_REASON = 200;
const LOST = "whoever ran it knows nothing of it any more";

/** Inside a tool: what the call is called by, how far it is, and when nobody wants it any more. */
export interface Inside {
  /** The same when the call is done again: for a callee that does nothing twice under one key. */
  readonly key: string;
  readonly signal: AbortSignal;
  /** Say how far it is: in words, as `step` of `steps`, and in how many seconds it may be done. Each call says all of it anew. */
  progress(text: string, step?: number, steps?: number, etaS?: number): Promise<void>;
}

export type ToolFunction = (values: Readonly<Record<string, unknown>>, inside: Inside) => unknown;

/** What the tools need of a `Session`. */
interface Device {
  readonly view: View;
  do(commands: readonly Command[]): Promise<string>;
  onChange(listener: (view: View) => void): () => void;
}

export class ClientTools {
  private readonly functions = new Map<string, ToolFunction>();
  private readonly running = new Map<string, AbortController>();
  private readonly settled = new Set<string>();
  private said = "";

  constructor(private readonly session: Device) {}

  add(name: string, run: ToolFunction): void {
    if (this.functions.size === 0) this.session.onChange((view) => this.look(view));
    this.functions.set(name, run);
    queueMicrotask(() => this.look(this.session.view)); // what is added with it is said with it
  }

  private look({ state, attachment, phase }: View): void {
    if (phase !== "live") return;
    const found = errands(state, attachment, this.functions.keys(), this.running.keys());
    const announce = found.announce?.join("\n") ?? "";
    if (found.announce !== null && announce !== this.said) void this.tell({ type: "announce_tools", tools: [...found.announce] });
    this.said = announce;
    for (const call of found.over) {
      this.running.get(call)?.abort();
      this.running.delete(call);
    }
    for (const call of this.settled) if (of(state.entries, call) === undefined) this.settled.delete(call);
    for (const call of found.abandon.filter((one) => !this.settled.has(one))) {
      this.settled.add(call);
      void this.tell({ type: "end_tool", call, outcome: "interrupted", reason: LOST });
    }
    for (const id of found.claim.filter((one) => !this.settled.has(one))) {
      const call = of(state.entries, id);
      if (call?.entry === "tool") void this.work(call);
    }
  }

  private async work(call: ToolCall): Promise<void> {
    const stop = new AbortController();
    this.running.set(call.id, stop);
    if (await this.tell({ type: "start_tool", call: call.id })) {
      const end = await this.done(call, stop.signal);
      if (!stop.signal.aborted) await this.tell(end);
    }
    this.settled.add(call.id);
  }

  private async done(call: ToolCall, signal: AbortSignal): Promise<Command> {
    const inside: Inside = {
      key: call.key,
      signal,
      progress: async (text, step = 0, steps = 0, etaS = 0) =>
        void (await this.tell({ type: "progress_tool", call: call.id, text, step, steps, ...(etaS > 0 ? { eta_ms: Math.round(etaS * 1_000) } : {}) })),
    };
    try {
      const values = JSON.parse(call.arguments || "{}") as Record<string, unknown>;
      const result = JSON.stringify((await this.functions.get(call.name)?.(values, inside)) ?? null);
      if (result.length <= MOST_RESULT) return { type: "end_tool", call: call.id, outcome: "finished", result };
      return { type: "end_tool", call: call.id, outcome: "failed", reason: "its result is too long" };
    } catch (problem) {
      const reason = (problem instanceof Error ? problem.message || problem.name : "").slice(0, MOST_REASON);
      return { type: "end_tool", call: call.id, outcome: "failed", reason };
    }
  }

  /** Whether it was taken. */
  private async tell(command: Command): Promise<boolean> {
    try {
      await this.session.do([command]);
      return true;
    } catch {
      return false; // refused, or the session is over
    }
  }
}
