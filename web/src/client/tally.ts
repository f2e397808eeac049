/**
 * Counts what was lost and doubled, apart from the fold and from what it rests on: by the numbers that each delta of
 * a message carries, and by offsets. A snapshot sets the count anew, for it says how far each message is. Pure.
 */
import type { Event, State } from "./generated";

export class Tally {
  lost = 0;
  doubled = 0;
  private offset = 0;
  private readonly next = new Map<string, number>();

  /** The state was given as a whole. */
  reset(state: State): void {
    this.offset = state.offset;
    this.next.clear();
    for (const entry of Object.values(state.entries)) {
      if (entry.entry === "message" && entry.ordinal === 0) this.next.set(entry.id, entry.deltas);
    }
  }

  /** Events as they were folded. */
  count(events: readonly Event[]): void {
    for (const event of events) {
      const offset = event.offset ?? 0;
      if (offset <= this.offset) this.doubled += 1;
      this.offset = Math.max(this.offset, offset);
      if (event.type === "message_started") this.next.set(String(event["message"]), 0);
      if (event.type === "message_ended") this.next.delete(String(event["message"]));
      if (event.type === "message_grown") this.grown(String(event["message"]), Number(event["index"]), Number(event["count"] ?? 1));
    }
  }

  private grown(message: string, index: number, count: number): void {
    const expected = this.next.get(message);
    if (expected !== undefined) {
      this.lost += Math.max(0, index - expected);
      this.doubled += Math.max(0, expected - index);
    }
    this.next.set(message, index + count);
  }
}
