/** What is asked of the hub by HTTP: calls, images and files, sound, the log. */
import type { Event, PlayedUntil } from "./aliases";

/** The hub refused a request: `reason` is for a program, the message for a person. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  constructor(
    readonly status: number,
    readonly reason: string,
    detail: string,
  ) {
    super(detail === "" ? reason : detail);
  }
}

export interface AnsweredCall {
  readonly call: string;
  readonly sdp: string;
  readonly track: string;
}

export interface CallTicket {
  readonly ufrag: string;
  readonly password: string;
  readonly fingerprint: string;
  readonly ssrc: number;
  readonly candidates: readonly { readonly host: string; readonly port: number; readonly transport: string }[];
  /** Seconds UTC. */
  readonly expires: number;
  /** What takes its place then, for a day more. */
  readonly next?: { readonly ufrag: string; readonly password: string; readonly fingerprint: string; readonly expires: number };
}

/** What a page says of its offers, to get a call ticket. */
export interface AskCallTicket {
  readonly fingerprint: string;
  readonly payload_type: number;
  readonly level_extension: number;
  /** For calls that stand silent until the page says that it calls. */
  readonly waits?: boolean;
}

/** Ten minutes of how loud the sides were: a byte for each `step_ms`. `start`, `length` (of all) and `next` (0: none) in ms. */
export interface LevelsPage {
  readonly start: number;
  readonly step_ms: number;
  readonly length: number;
  readonly next: number;
  readonly callers: Uint8Array;
  readonly helpers: Uint8Array;
}

/** Images and files are at most this long. */
export const MOST_BYTES = 20_000_000;
const TIMEOUT_MS = 10_000;
const BLOB_TIMEOUT_MS = 120_000;
/** Access tickets live ten minutes. */
const TICKET_MS = 8 * 60_000;

export class Requests {
  private ticket: { readonly text: string; readonly at: number } | null = null;

  constructor(
    private readonly base: string,
    private readonly getTicket: () => Promise<string>,
    private readonly session: () => string,
    private readonly connection: () => string,
  ) {}

  /**
   * Offer a call from this connection. `heard`: what of the agent's speech was played last, if any was; `again`: it takes
   * the voice from no other device.
   */
  async call(sdp: string, heard: PlayedUntil | null = null, again = false): Promise<AnsweredCall> {
    const body = JSON.stringify({ sdp, ...(heard === null ? {} : { heard }), ...(again ? { again } : {}) });
    const answer = await this.send("POST", "calls", this.connection(), body, "application/json", TIMEOUT_MS);
    return (await answer.json()) as AnsweredCall;
  }

  /** A ticket to call by later, without asking. */
  async callTicket(ask: AskCallTicket): Promise<CallTicket> {
    const answer = await this.send("POST", "calls/tickets", this.connection(), JSON.stringify(ask), "application/json", TIMEOUT_MS);
    return (await answer.json()) as CallTicket;
  }

  /** What to `subscribe_push` this browser with. */
  async sealPush(said: { endpoint: string; p256dh: string; auth: string }): Promise<{ subscription: string; sealed: string }> {
    const answer = await this.send("POST", "pushes", this.connection(), JSON.stringify(said), "application/json", TIMEOUT_MS);
    return (await answer.json()) as { subscription: string; sealed: string };
  }

  /** End a call. */
  async hangUp(call: string): Promise<void> {
    await this.send("DELETE", `calls/${encodeURIComponent(call)}`, this.connection(), null, "", TIMEOUT_MS);
  }

  /** Store an image or file; resolves with its name, the SHA-256 of its bytes. */
  async putBlob(blob: Blob): Promise<string> {
    if (blob.size > MOST_BYTES) throw new RequestError(413, "too_large", "It is larger than 20 MB.");
    const bytes = await blob.arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    await this.withTicket((ticket) => this.send("PUT", `blobs/${sha256}`, ticket, bytes, "application/octet-stream", BLOB_TIMEOUT_MS));
    return sha256;
  }

  /** A ticket with which one other device goes on as this participant: good once, for ten minutes. */
  async invite(): Promise<string> {
    return this.minted({ kind: "invite", once: true });
  }

  /** A fresh ticket of this connection's own. */
  async renew(): Promise<string> {
    return this.minted({});
  }

  private async minted(body: object): Promise<string> {
    const answer = await fetch(`${this.base}/v1/tickets`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.connection()}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      credentials: "omit",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!answer.ok) {
      const { reason, detail } = await problemOf(answer);
      throw new RequestError(answer.status, reason, detail);
    }
    return ((await answer.json()) as { ticket: string }).ticket;
  }

  /** An image or file; of media type `type` if the hub agrees that it is such an image. */
  async getBlob(sha256: string, type: string): Promise<Blob> {
    const path = `blobs/${sha256}?type=${encodeURIComponent(type)}`;
    const answer = await this.withTicket((ticket) => this.send("GET", path, ticket, null, "", BLOB_TIMEOUT_MS));
    return answer.blob();
  }

  /** Sound of a track between two media times, as Ogg/Opus. */
  async recording(track: string, start: number, end: number): Promise<ArrayBuffer> {
    const path = `recording?track=${encodeURIComponent(track)}&start=${start}&end=${end}`;
    const answer = await this.withTicket((ticket) => this.send("GET", path, ticket, null, "", BLOB_TIMEOUT_MS));
    return answer.arrayBuffer();
  }

  /** The mix of the course between two places (ms), as Ogg/Opus; it may end sooner. */
  async stretch(from: number, to: number): Promise<ArrayBuffer> {
    const answer = await this.withTicket((ticket) => this.send("GET", `recording?from=${from}&to=${to}`, ticket, null, "", BLOB_TIMEOUT_MS));
    return answer.arrayBuffer();
  }

  /** The page of levels that begins at a place (ms) of the course. */
  async levels(from: number): Promise<LevelsPage> {
    const answer = await this.withTicket((ticket) => this.send("GET", `levels?from=${from}`, ticket, null, "", BLOB_TIMEOUT_MS));
    const page = (await answer.json()) as Omit<LevelsPage, "callers" | "helpers"> & { callers: string; helpers: string };
    return { ...page, callers: bytesOf(page.callers), helpers: bytesOf(page.helpers) };
  }

  /** Up to `limit` events of the log after offset `after`. */
  async events(after: number, limit: number): Promise<readonly Event[]> {
    const answer = await this.withTicket((ticket) => this.send("GET", `events?after=${after}&limit=${limit}`, ticket, null, "", TIMEOUT_MS));
    return ((await answer.json()) as { events: Event[] }).events;
  }

  private async withTicket(work: (ticket: string) => Promise<Response>): Promise<Response> {
    try {
      return await work(await this.freshTicket());
    } catch (problem) {
      if (!(problem instanceof RequestError) || problem.status !== 401) throw problem;
      this.ticket = null;
      return work(await this.freshTicket());
    }
  }

  private async freshTicket(): Promise<string> {
    if (this.ticket === null || performance.now() - this.ticket.at > TICKET_MS) {
      this.ticket = { text: await this.getTicket(), at: performance.now() };
    }
    return this.ticket.text;
  }

  private async send(
    method: string,
    path: string,
    bearer: string,
    body: BodyInit | null,
    type: string,
    timeout: number,
  ): Promise<Response> {
    const answer = await fetch(`${this.base}/v1/sessions/${encodeURIComponent(this.session())}/${path}`, {
      method,
      headers: { authorization: `Bearer ${bearer}`, ...(type === "" ? {} : { "content-type": type }) },
      body,
      credentials: "omit",
      signal: AbortSignal.timeout(timeout),
    });
    if (answer.ok) return answer;
    const { reason, detail } = await problemOf(answer);
    throw new RequestError(answer.status, reason, detail);
  }
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

async function problemOf(answer: Response): Promise<{ reason: string; detail: string }> {
  try {
    const { error } = (await answer.json()) as { error?: { reason?: string; detail?: string } };
    return { reason: error?.reason ?? "failed", detail: error?.detail ?? "" };
  } catch {
    return { reason: "failed", detail: `The hub answered ${answer.status}.` };
  }
}
