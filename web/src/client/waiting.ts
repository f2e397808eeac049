/** Who waits for which batch. */
import type { DownRefused } from "./aliases";
import { RefusedError } from "./view";

interface Waiter {
  readonly resolve: (level: string) => void;
  readonly reject: (error: Error) => void;
}

export class Waiting {
  private waiters = new Map<number, Waiter>();

  /** Resolves with the level at which the log has the batch `seq`. */
  for(seq: number): Promise<string> {
    return new Promise((resolve, reject) => this.waiters.set(seq, { resolve, reject }));
  }

  renumber(sequences: ReadonlyMap<number, number>): void {
    this.waiters = new Map([...this.waiters].map(([seq, waiter]) => [sequences.get(seq) ?? seq, waiter]));
  }

  settle(seq: number, refusal: DownRefused | null, level: string): void {
    const waiter = this.waiters.get(seq);
    this.waiters.delete(seq);
    if (refusal === null) waiter?.resolve(level);
    else waiter?.reject(new RefusedError(refusal));
  }

  fail(error: Error): void {
    for (const { reject } of this.waiters.values()) reject(error);
    this.waiters.clear();
  }
}
