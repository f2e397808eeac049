/**
 * What a tab keeps over a reload: its producer, position, resume ticket, outbox, and a key that cannot be read out.
 *
 * Each tab has its own slot, held under a Web Lock: a duplicated tab finds the lock taken and makes another.
 * The slot's name rests in `sessionStorage`, which a reload keeps and a new tab does not have.
 */
import type { Saved } from "./link";

const DATABASE = "legato";
const STORE = "slots";

interface Slot {
  saved: Saved;
  key: CryptoKeyPair;
}

export interface Keep {
  readonly saved: Saved;
  readonly publicKey: Record<string, string>;
  /** Write what to keep; writes follow one another and the newest wins. */
  save(saved: Saved): void;
  /** When everything saved so far is on disk. */
  settled(): Promise<void>;
  sign(text: string): Promise<string>;
  forget(): Promise<void>;
}

export function randomId(prefix: string): string {
  return `${prefix}_${base64url(crypto.getRandomValues(new Uint8Array(16)))}`;
}

export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
}

function database(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("indexedDB"));
  });
}

function inStore<T>(db: IDBDatabase, mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(STORE, mode);
    const request = work(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error("indexedDB"));
  });
}

/** Take `name` if no living tab has it. The lock lives as long as the page. */
function hold(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    void navigator.locks.request(`legato:${name}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise(() => undefined);
    });
  });
}

/** The slot of this tab for `scope` (a session, say): the one that it had before a reload, or a new one. */
export async function openKeep(scope: string): Promise<Keep> {
  const db = await database();
  const place = `legato:${scope}`;
  let name = sessionStorage.getItem(place);
  if (name === null || !(await hold(name))) {
    name = randomId("w");
    await hold(name);
    sessionStorage.setItem(place, name);
  }
  const slotName = name;
  const found = (await inStore(db, "readonly", (store) => store.get(slotName))) as Slot | undefined;
  const slot = found ?? (await freshSlot(slotName));
  if (found === undefined) await inStore(db, "readwrite", (store) => store.put(slot, slotName));
  const jwk = await crypto.subtle.exportKey("jwk", slot.key.publicKey);
  let writing: Promise<unknown> = Promise.resolve();
  let queued = false;
  return {
    saved: slot.saved,
    publicKey: { kty: "EC", crv: "P-256", x: jwk.x ?? "", y: jwk.y ?? "" },
    save: (saved) => {
      slot.saved = saved;
      if (queued) return;
      queued = true;
      writing = writing.then(() => {
        queued = false;
        return inStore(db, "readwrite", (store) => store.put(slot, slotName));
      });
    },
    settled: async () => {
      await writing;
    },
    sign: async (text) => {
      const algorithm = { name: "ECDSA", hash: "SHA-256" };
      const signature = await crypto.subtle.sign(algorithm, slot.key.privateKey, new TextEncoder().encode(text));
      return base64url(new Uint8Array(signature));
    },
    forget: async () => {
      sessionStorage.removeItem(place);
      await inStore(db, "readwrite", (store) => store.delete(slotName));
    },
  };
}

async function freshSlot(producer: string): Promise<Slot> {
  const key = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  const saved: Saved = {
    producer,
    attachment: "",
    session: "",
    position: "",
    resume: null,
    outbox: { next: 1, waiting: [] },
  };
  return { saved, key };
}
