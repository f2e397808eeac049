/**
 * What a tab keeps over a reload: its producer, position, resume ticket and outbox, and a key that cannot be read out.
 *
 * Each tab has its own slot, held under a Web Lock: a duplicated tab finds the lock taken and makes another. All but
 * the key rests in `sessionStorage`, which is written before the call returns, lives as long as the tab (a crash and
 * "reopen closed tab" included) and is no other tab's: so what is saved before it is sent is kept before it is sent.
 * The key rests in IndexedDB, because it must never be text.
 */
import { freshSaved, readSaved, type Saved } from "./saved";

const DATABASE = "legato";
const KEYS = "keys";
const LATER_MS = 250;
const LOCK_MS = 200;
/** Keys of tabs that are gone: resume tickets live as long. */
const KEY_LIFE_MS = 30 * 24 * 3_600_000;

interface KeptKey {
  readonly pair: CryptoKeyPair;
  readonly used: number;
}

export function randomId(prefix: string): string {
  return `${prefix}_${base64url(crypto.getRandomValues(new Uint8Array(16)))}`;
}

export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** What is signed, to come back with the ticket of `nonce`. */
export function proofText(nonce: string): string {
  return `legato-resume-1.${nonce}`;
}

/** The signature (raw r ‖ s, base64url) over `text`: ECDSA P-256 with SHA-256. */
export async function sign(key: CryptoKey, text: string): Promise<string> {
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const signature = await crypto.subtle.sign(algorithm, key, new TextEncoder().encode(text));
  return base64url(new Uint8Array(signature));
}

/** One tab's slot. */
export class Keep {
  private latest: Saved;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    readonly saved: Saved,
    private readonly place: string,
    private readonly pair: CryptoKeyPair | null,
    readonly publicKey: Readonly<Record<string, string>> | null,
    private readonly storage: Storage | null,
  ) {
    this.latest = saved;
    addEventListener("pagehide", this.flush);
  }

  /** Keep `saved`: before this returns, or within 250 ms and before the page is hidden. False: there is no room. */
  save(saved: Saved, soon: boolean): boolean {
    this.latest = saved;
    if (!soon) return this.flush();
    this.timer ??= setTimeout(this.flush, LATER_MS);
    return true;
  }

  /** The proof for a resume ticket; null if this browser keeps no key here. */
  async prove(nonce: string): Promise<string | null> {
    return this.pair === null ? null : sign(this.pair.privateKey, proofText(nonce));
  }

  async forget(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    removeEventListener("pagehide", this.flush);
    this.storage?.removeItem(this.place);
    this.storage?.removeItem(contentOf(this.saved.producer));
    if (this.pair !== null) await inKeys("readwrite", (store) => store.delete(this.saved.producer));
  }

  private readonly flush = (): boolean => {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    try {
      this.storage?.setItem(contentOf(this.saved.producer), JSON.stringify(this.latest));
      return this.storage !== null;
    } catch (problem) {
      if (problem instanceof DOMException) return false;
      throw problem;
    }
  };
}

/** Which slot this tab had for `scope` before a reload ("": none); whether it still has is known by `openKeep`. */
export function slotBefore(scope: string): string {
  return storageOfTab()?.getItem(`legato:${scope}`) ?? "";
}

/** The slot of this tab for `scope` (a session, say): the one that it had before a reload, or a new one. */
export async function openKeep(scope: string): Promise<Keep> {
  const storage = storageOfTab();
  const place = `legato:${scope}`;
  const earlier = storage?.getItem(place) ?? null;
  const mine = earlier !== null && (await hold(earlier)) ? readSaved(storage?.getItem(contentOf(earlier)) ?? null) : null;
  const producer = mine?.producer ?? randomId("w");
  if (mine === null) await hold(producer);
  storage?.setItem(place, producer);
  const key = await keyOf(producer);
  // Without the key that it is bound to, a resume ticket is worth nothing.
  const saved = mine === null ? freshSaved(producer) : key.found ? mine : { ...mine, resume: null };
  return new Keep(saved, place, key.pair, key.jwk, storage);
}

function contentOf(producer: string): string {
  return `legato:slot:${producer}`;
}

function storageOfTab(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null; // a browser that is told to keep nothing throws
  }
}

const early = new Map<string, Promise<boolean>>();

/** Take the slot `name` for the next `openKeep`, which will find it; false: another living tab has it. */
export function holdEarly(name: string): Promise<boolean> {
  const held = hold(name);
  early.set(name, held);
  return held;
}

/** Take `name` if no living tab has it. The lock lives as long as the page; the page before a reload may need a moment
 * to let go of it. */
function hold(name: string): Promise<boolean> {
  const held = early.get(name);
  if (held !== undefined && early.delete(name)) return held;
  if (!("locks" in navigator)) return Promise.resolve(false);
  return new Promise((resolve) => {
    navigator.locks
      .request(`legato:${name}`, { signal: AbortSignal.timeout(LOCK_MS) }, () => {
        resolve(true);
        return new Promise(() => undefined);
      })
      .catch(() => resolve(false));
  });
}

interface FoundKey {
  readonly pair: CryptoKeyPair | null;
  readonly jwk: Readonly<Record<string, string>> | null;
  readonly found: boolean;
}

async function keyOf(producer: string): Promise<FoundKey> {
  try {
    const kept = await inKeys<KeptKey | undefined>("readonly", (store) => store.get(producer));
    const pair = kept?.pair ?? (await freshPair());
    const put = inKeys("readwrite", (store) => store.put({ pair, used: Date.now() } satisfies KeptKey, producer));
    // That a key that is kept was used again is worth no wait.
    if (kept !== undefined) put.catch(() => undefined);
    else await put.then(() => void forgetOld());
    const { x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    return { pair, jwk: { kty: "EC", crv: "P-256", x: x ?? "", y: y ?? "" }, found: kept !== undefined };
  } catch {
    // No key can be kept (an address without TLS, a window that keeps nothing): every return is a fresh attach.
    return { pair: null, jwk: null, found: false };
  }
}

function freshPair(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
}

async function forgetOld(): Promise<void> {
  const db = await database();
  const store = db.transaction(KEYS, "readwrite").objectStore(KEYS);
  const oldest = Date.now() - KEY_LIFE_MS;
  const cursor = store.openCursor();
  cursor.onsuccess = () => {
    const found = cursor.result;
    if (found === null) return db.close();
    if ((found.value as KeptKey).used < oldest) found.delete();
    found.continue();
  };
}

function database(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 2);
    request.onupgradeneeded = () => {
      if (!request.result.objectStoreNames.contains(KEYS)) request.result.createObjectStore(KEYS);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("indexedDB"));
  });
}

async function inKeys<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest): Promise<T> {
  const db = await database();
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(KEYS, mode);
    const request = work(transaction.objectStore(KEYS));
    transaction.oncomplete = () => {
      resolve(request.result as T);
      db.close();
    };
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error("indexedDB"));
  });
}
