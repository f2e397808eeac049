/** What is being said aloud now, as far as the log says: nothing that it has been silent about for long. Pure. */
import type { Event } from "../client";

/** How far speech is settled comes each second while it is played; a pause for somebody who speaks takes longer. */
const SILENT_MS = 8_000;

export class Speaking {
  private readonly seen = new Map<string, number>();
  private readonly over = new Set<string>();

  /** Whether anything changed. */
  see(events: readonly Event[], now: number): boolean {
    const before = this.key();
    for (const event of events) {
      if (event.type === "voice_ended") this.seen.clear();
      if (event.type !== "speech_queued" && event.type !== "heard_settled") continue;
      const { message } = event as { readonly message: string };
      if (event.type === "heard_settled" && event["final"] === true) this.over.add(message);
      if (this.over.has(message)) this.seen.delete(message);
      else this.seen.set(message, now);
    }
    return this.key() !== before;
  }

  /** Whether anything changed. */
  expire(now: number): boolean {
    const before = this.seen.size;
    for (const [message, at] of this.seen) if (now - at > SILENT_MS) this.seen.delete(message);
    return this.seen.size !== before;
  }

  /** Being said now: true; said to its end, or cut off: false. */
  get messages(): ReadonlyMap<string, boolean> {
    return new Map([...[...this.over].map((message) => [message, false] as const), ...[...this.seen.keys()].map((message) => [message, true] as const)]);
  }

  private key(): string {
    return [...this.seen.keys(), this.over.size].join(" ");
  }
}

/** Where the sentence ends in which character `heard` stands, or which begins there: so far a listener may read. Pure. */
export function readableUntil(characters: readonly string[], heard: number): number {
  let at = heard;
  while (at < characters.length && /\s/.test(characters[at] ?? "")) at += 1;
  for (; at < characters.length; at += 1) {
    const ends = /[.!?…\n]/.test(characters[at] ?? "") && /^\s?$/.test(characters[at + 1] ?? "");
    if (ends) return at + 1;
  }
  return characters.length;
}
