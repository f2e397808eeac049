/**
 * What this tab calls with: its certificate and the hub's ticket for it, kept over reloads. Both rest in IndexedDB, for a
 * certificate's key must never be text; and, where the browser takes a certificate there, in the state of the tab's entry
 * in its history, which is at hand as a page begins, while IndexedDB takes some 20 ms.
 */
import type { CallTicket } from "../client/requests";
import type { OfferFacts } from "./answer";

const DATABASE = "legato-voice";
const STORE = "calls";
/** Beside whatever else the page keeps in its entry's state. */
const CARRIED = "legato-voice";
/** A ticket in its last minute may be refused by a clock that is ahead. */
const MARGIN_S = 60;
const OLDEST_MS = 7 * 24 * 3_600_000;

export interface Kept {
  readonly certificate: RTCCertificate;
  readonly ticket: CallTicket | null;
  /** The node that gave it. */
  readonly node: string;
  /** What offers of this browser said, when the ticket was asked for. */
  readonly facts?: OfferFacts;
  readonly used: number;
}

/** What the tab of this slot kept, where it is at hand and good for a while. */
export function carriedPurse(slot: string): Kept | null {
  const { whose, kept } = (stateOf()?.[CARRIED] ?? {}) as Partial<Carried>;
  // A duplicated tab has a copy, but not the slot.
  return whose === slot ? good(kept) : null;
}

/** What the tab of this slot kept; a fresh certificate if nothing that is good for a while. */
export async function openPurse(slot: string): Promise<Kept> {
  const kept = await inStore<Kept | undefined>("readonly", (store) => store.get(slot)).catch(() => undefined);
  const found = good(kept);
  if (found !== null) return found;
  const certificate = await RTCPeerConnection.generateCertificate({ name: "ECDSA", namedCurve: "P-256" } as EcKeyGenParams);
  return { certificate, ticket: null, node: "", used: Date.now() };
}

/** Keep it for the next page of this slot; a browser that keeps nothing only calls more slowly. */
export async function keepPurse(slot: string, kept: Kept): Promise<void> {
  carry(slot, kept);
  await inStore("readwrite", (store) => store.put(kept, slot)).catch(() => undefined);
  void forgetOld().catch(() => undefined);
}

/** The ticket, or what takes its place when it has expired; null: both have. `now`: ms UTC. */
export function usable(ticket: CallTicket | null, now = Date.now()): CallTicket | null {
  if (ticket === null || ticket.expires > now / 1000 + MARGIN_S) return ticket;
  const { next, ...rest } = ticket;
  return next === undefined ? null : usable({ ...rest, ...next }, now);
}

/** The certificate's SHA-256 fingerprint, as in SDP. */
export function fingerprintOf(certificate: RTCCertificate): string {
  const found = certificate.getFingerprints().find((one) => one.algorithm === "sha-256");
  return (found?.value ?? "").toUpperCase();
}

interface Carried {
  readonly whose: string;
  readonly kept: Kept;
}

function good(kept: Partial<Kept> | undefined): Kept | null {
  // What a browser could not read again is not there.
  const { certificate = null, ticket = null, node = "", used = 0, facts } = kept ?? {};
  if (certificate === null || !(certificate.expires > Date.now() + OLDEST_MS)) return null;
  return { certificate, ticket: usable(ticket), node, used, ...(facts === undefined ? {} : { facts }) };
}

function carry(slot: string, kept: Kept): void {
  const state = stateOf();
  if (state === null) return;
  try {
    history.replaceState({ ...state, [CARRIED]: { whose: slot, kept } satisfies Carried }, "");
  } catch {
    // This browser writes no certificates there, or the page changed its entry too often.
  }
}

/** Null: there is none, it cannot be read, or it is something to which nothing can be added. */
function stateOf(): Record<string, unknown> | null {
  try {
    const state: unknown = history.state ?? {};
    return typeof state === "object" && !Array.isArray(state) ? (state as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

async function forgetOld(): Promise<void> {
  await inStore("readwrite", (store) => {
    const cursor = store.openCursor();
    cursor.onsuccess = () => {
      if (cursor.result === null) return;
      if ((cursor.result.value as Kept).used < Date.now() - OLDEST_MS) cursor.result.delete();
      cursor.result.continue();
    };
    return cursor;
  });
}

function database(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("indexedDB"));
  });
}

async function inStore<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest): Promise<T> {
  const db = await database();
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(STORE, mode);
    const request = work(transaction.objectStore(STORE));
    transaction.oncomplete = () => {
      resolve(request.result as T);
      db.close();
    };
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error("indexedDB"));
  });
}
