/**
 * Without WebSockets: an event stream down, POST up; and long-poll where a proxy keeps the stream to itself.
 *
 * The hub beats every second. When nothing at all came for two seconds, something in between buffers: the same
 * connection goes on by polls if its secret is known already, else the first envelope is posted again, to be
 * answered as a poll is.
 */
import { EventStream } from "./event_stream";
import { readEnvelope, type Wire, type WireEvents } from "./wire";

const SILENCE_MS = 2_000;
const POLL_TIMEOUT_MS = 40_000;
const UP_TIMEOUT_MS = 10_000;

/** Open a stream to `base` (an `http(s)` address). */
export function openStream(base: string, on: WireEvents): Wire {
  const stream = new Stream(base, on);
  queueMicrotask(() => on.opened());
  return stream;
}

class Stream implements Wire {
  private readonly over = new AbortController();
  private connection = "";
  private after = 0;
  private queue: string[] = [];
  private sending = false;
  private greeted = false;

  constructor(
    private readonly base: string,
    private readonly on: WireEvents,
  ) {}

  send(text: string): void {
    if (this.greeted) this.queue.push(text);
    else void this.run(text);
    this.greeted = true;
    void this.flush();
  }

  sendAudio(): boolean {
    return false; // a stream carries text
  }

  close(): void {
    this.over.abort();
  }

  private end(): void {
    if (this.over.signal.aborted) return;
    this.over.abort();
    this.on.closed();
  }

  /** The whole life of the way down. */
  private async run(first: string): Promise<void> {
    try {
      if (await this.stream(first)) await this.poll(this.connection === "" ? first : null);
    } catch {
      // A failed request is a lost connection; the link decides what that means.
    }
    this.end();
  }

  /** Read the stream to its end; true if it must be given up for polls. */
  private async stream(first: string): Promise<boolean> {
    const quiet = new AbortController();
    let timer = setTimeout(() => quiet.abort(), SILENCE_MS);
    const events = new EventStream();
    try {
      const answer = await this.post("/v1/attach", first, "text/event-stream", quiet.signal);
      const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const read = await reader?.read();
        if (read === undefined || read.done) return false;
        clearTimeout(timer);
        timer = setTimeout(() => quiet.abort(), SILENCE_MS);
        for (const { id, data } of events.feed(read.value)) this.take(readEnvelope(data), id ?? this.after);
      }
    } catch (problem) {
      if (quiet.signal.aborted && !this.over.signal.aborted) return true;
      throw problem;
    } finally {
      clearTimeout(timer);
    }
  }

  private async poll(first: string | null): Promise<void> {
    for (let body = first; ; body = null) {
      const path = body === null ? "/v1/poll" : "/v1/attach";
      const asked = body ?? JSON.stringify({ connection: this.connection, after: this.after });
      const answer = await this.post(path, asked, "application/json", AbortSignal.timeout(POLL_TIMEOUT_MS));
      const page = (await answer.json()) as { envelopes: unknown[]; after: number };
      for (const envelope of page.envelopes) this.take(readEnvelope(JSON.stringify(envelope)), page.after);
      this.after = page.after;
    }
  }

  private take(envelope: ReturnType<typeof readEnvelope>, after: number): void {
    if (envelope === null || this.over.signal.aborted) return;
    if (envelope.type === "attached") this.connection = envelope.connection;
    this.after = after;
    this.on.received(envelope);
    void this.flush();
  }

  /** What waits goes up, one request at a time, so that nothing overtakes. */
  private async flush(): Promise<void> {
    while (!this.sending && this.connection !== "" && this.queue.length > 0 && !this.over.signal.aborted) {
      this.sending = true;
      const batch = withinSize(this.queue);
      this.queue = this.queue.slice(batch.length);
      try {
        await this.post("/v1/up", `[${batch.join(",")}]`, "application/json", AbortSignal.timeout(UP_TIMEOUT_MS));
      } catch {
        this.end();
      }
      this.sending = false;
    }
  }

  private async post(path: string, body: string, accept: string, signal: AbortSignal): Promise<Response> {
    const secret: Record<string, string> = path === "/v1/attach" ? {} : { authorization: `Bearer ${this.connection}` };
    const answer = await fetch(`${this.base}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", accept, ...secret },
      body,
      signal: AbortSignal.any([this.over.signal, signal]),
      credentials: "omit",
      cache: "no-store",
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer;
  }
}

const MOST_UP = 60_000;

/** As many of the first as fit into one request: the hub takes 64 kB. */
function withinSize(queue: readonly string[]): string[] {
  let size = 0;
  const fits = queue.findIndex((text) => (size += text.length * 3 + 1) > MOST_UP);
  return queue.slice(0, fits === -1 ? queue.length : Math.max(1, fits));
}
