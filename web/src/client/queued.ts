/** Where a session stands in the queue of operators, as the hub signals it. Twin of `legato/client/queued.py`. */
import type { State } from "./generated";

export class Queued {
  private request = "";
  private at = 0;

  /** Signals came; whether they say another place. */
  told(signals: readonly Record<string, unknown>[]): boolean {
    const before = [this.request, this.at];
    for (const { by, name, data } of signals) {
      if (by !== "hub" || name !== "queue" || typeof data !== "object" || data === null) continue;
      const { request, place } = data as { request?: unknown; place?: unknown };
      if (typeof request === "string" && typeof place === "number") [this.request, this.at] = [request, place];
    }
    return before[0] !== this.request || before[1] !== this.at;
  }

  /** Of the request that waits; 0: none does, or its place was not told yet. */
  place({ asking }: State): number {
    return asking !== null && asking.id === this.request ? this.at : 0;
  }
}
