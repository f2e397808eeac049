/** Why the hub did not do what the console asked for, in words; and whether the next one is worth asking for. */
import { Refused } from "./hub";

export const WANTED = "The console wants a ticket of an operator or supervisor, for all sessions: whoever runs the hub makes one by “legato ticket --role operator --name …”. Open this page with #ticket= and the ticket behind its address.";
export const TICKET_REFUSED = `This ticket is not good, or not any more. ${WANTED}`;
const BUSY = "The hub has too much to do.";
const UNABLE = "The hub cannot do that now.";
const GONE = "This session is not there any more.";

const WORDS: Readonly<Record<string, string>> = {
  ticket_refused: TICKET_REFUSED,
  overloaded: BUSY,
  too_fast: BUSY,
  unavailable: UNABLE,
  draining: UNABLE,
  failed: UNABLE,
  not_found: GONE,
  session_ended: GONE,
  session_erased: GONE,
};
/** What does not pass by waiting. */
const FINAL: ReadonlySet<string> = new Set(["ticket_refused", "not_allowed", "not_found", "session_ended", "session_erased"]);
/** Somebody was quicker, or it is over. */
const TAKEN: ReadonlySet<string> = new Set(["already_exists", "not_found", "session_ended", "session_erased"]);

/** For a person. Whatever is no answer of the hub is its absence. */
export function troubleOf(failure: unknown): string {
  return failure instanceof Refused ? refusalText(failure.reason, failure.message) : "The hub cannot be reached.";
}

export function refusalText(reason: string, detail = reason): string {
  return WORDS[reason] ?? (/^5\d\d$/.test(reason) ? UNABLE : `Refused: ${detail}.`);
}

/** Whether the same would be answered again. */
export function isFinal(failure: unknown): failure is Refused {
  return failure instanceof Refused && FINAL.has(failure.reason);
}

/** Whether only this one of the queue cannot be had: another has it, or it wants a skill (the field says which of a batch was refused). */
export function isTaken(failure: unknown): boolean {
  if (!(failure instanceof Refused)) return false;
  return TAKEN.has(failure.reason) || (failure.reason === "not_allowed" && failure.field === "request");
}
