/** A call whose path is lost, while the connection has not sounded in its place yet: the first frame wins. */
import type { Call } from "./call";

export class Left {
  private readonly newest: number | null;

  constructor(readonly call: Call) {
    this.newest = call.timestamp;
  }

  /** Whether it sounds again: its path was not lost. */
  get sounds(): boolean {
    const { timestamp } = this.call;
    return timestamp !== null && timestamp !== this.newest;
  }
}
