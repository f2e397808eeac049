/**
 * What a page begins with the first lines that it runs: who comes in and to which session, what this tab kept, and the call
 * of a page that talked before its reload. All that draws comes after it, in a script of its own that is read meanwhile.
 */
import { holdEarly, openKeep, randomId, slotBefore, type Keep } from "../client/keep";
import { openEarly, type Early } from "../voice/early";
import { talked } from "../voice/remembered";
import { readAddress } from "./address";
import { invite, type Invitation, type Part } from "./hub";
import { ofTab, remembered } from "./memory";

export interface Begun {
  /** The session that the address names, and the ticket of a link; "": none. */
  readonly wanted: string;
  readonly ticket: string;
  readonly part: Part;
  readonly participant: string;
  readonly keep: Promise<Keep> | null;
  /** Null where nobody talked before a reload. */
  readonly early: Early | null;
}

let known: Begun | null = null;
let first: Promise<Invitation> | null = null;

/** What was begun; once. */
export function begun(): Begun {
  known ??= begin();
  return known;
}

/** The hub's invitation: the one that was asked for at first, or another. */
export function invited(): Promise<Invitation> {
  const { wanted, participant, part } = begun();
  const asked = first ?? invite(wanted, participant, part);
  first = null;
  return asked;
}

function begin(): Begun {
  const { wanted, ticket } = readAddress(location.hash);
  const slot = wanted === "" ? "" : slotBefore(wanted);
  const early = slot !== "" && talked(ofTab) ? openEarly(slot, reloaded(holdEarly(slot))) : null;
  const keep = wanted === "" ? null : openKeep(wanted);
  const part = new URLSearchParams(location.search).get("as") === "operator" ? "operator" : "user";
  const participant = remembered(part === "user" ? "legato:participant" : "legato:operator", () => randomId("p"));
  first = invite(wanted, participant, part);
  // Whoever comes in hears of it.
  first.catch(() => undefined);
  return { wanted, ticket, part, participant, keep, early };
}

/** A page that is reloaded has its tab's slot: the page before is gone by now. Its lock says so some 20 ms later. */
function reloaded(held: Promise<boolean>): Promise<boolean> {
  const [navigation] = performance.getEntriesByType("navigation");
  return navigation instanceof PerformanceNavigationTiming && navigation.type === "reload" ? Promise.resolve(true) : held;
}
