/** What a view is drawn from, and what a session is joined with. */
import type { Command, DownRefused, Entry, Medium, Part, State } from "./aliases";
import type { Keep } from "./keep";
import type { Phase } from "./link";
import type { Way } from "./route";

export type Delivery = "sending" | "failed";

/** A message of this page that the log does not have yet, or refused. */
export interface Outgoing {
  readonly message: string;
  readonly parts: readonly Part[];
  readonly delivery: Delivery;
  /** Why it was refused. */
  readonly reason: string;
}

/** Immutable: a change makes a new one, and shares what stayed the same. */
export interface View {
  readonly state: State;
  readonly phase: Phase;
  /** The hub has too much to do, and is asked again after a while. */
  readonly busy: boolean;
  /** Why the session will not come back by itself; null while it will. */
  readonly ended: { readonly code: number; readonly reason: string } | null;
  readonly outgoing: readonly Outgoing[];
  /** Ended entries older than the state's, oldest first. */
  readonly past: readonly Entry[];
  /** Whether there are still older ones to ask for. */
  readonly hasEarlier: boolean;
  /** How many entries between `past` and the state's were let go of for older ones; 0: `past` goes up to the state's. */
  readonly leftOut: number;
  readonly session: string;
  readonly participant: string;
  readonly attachment: string;
  readonly level: string;
  readonly way: Way;
  /** Round trip of the last ping, ms; null before the first. */
  readonly latency: number | null;
  /** Whether what is unsent would survive a reload. */
  readonly kept: boolean;
  /** Where the session stands in the queue of operators, 1 being next; 0: it waits for nobody, or the hub has not said it yet. */
  readonly place: number;
}

export interface Comeback {
  /** From the loss of the connection (or the end of a pretended outage) to the first envelope of the next one, ms. */
  readonly ms: number;
  /** Events that came with it. */
  readonly missed: number;
}

export interface JoinOptions {
  /** The hub's address; this page's own if left out. */
  readonly hub?: string;
  /** What this tab keeps its position for. */
  readonly session?: string;
  /** What `openKeep` gives for it, if the page opened that before. */
  readonly keep?: Promise<Keep>;
  readonly getTicket: () => Promise<string>;
  readonly device?: string;
  readonly takes?: readonly Medium[];
  readonly gives?: readonly Medium[];
  /** Take this way whatever happens; otherwise a WebSocket, and a stream where none gets through. */
  readonly only?: Way;
  /** The least acknowledgement level to accept. */
  readonly require?: string;
}

/** The hub refused a batch for good. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  constructor(readonly refusal: DownRefused) {
    super(refusal.detail === undefined || refusal.detail === "" ? refusal.reason : refusal.detail);
  }
}

/** The session ended for this attachment, and will not come back. */
export class EndedError extends Error {
  override readonly name = "EndedError";
  constructor(
    readonly code: number,
    readonly reason: string,
  ) {
    super(reason);
  }
}

/** The messages among `commands`, as a view shows them. */
export function outgoing(commands: readonly Command[], delivery: Delivery, reason: string): Outgoing[] {
  return commands.flatMap((command) =>
    command.type === "post_message" ? [{ message: command.message, parts: command.parts, delivery, reason }] : [],
  );
}
