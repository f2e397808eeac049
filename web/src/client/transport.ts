/** The wires: WebSocket first; SSE with POST beside it; long-poll where a proxy buffers. Thin: no decisions. */

export interface Wire {
  send(text: string): void;
  close(): void;
}

export interface WireEvents {
  opened(): void;
  received(text: string): void;
  closed(): void;
}

/** Open a WebSocket to `base` (an `http(s)` address of a hub). */
export function openSocket(base: string, on: WireEvents): Wire {
  const socket = new WebSocket(`${base.replace(/^http/, "ws")}/v1/connect`, "legato.1");
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    on.closed();
  };
  socket.onopen = () => on.opened();
  socket.onmessage = (message) => on.received(String(message.data));
  socket.onclose = end;
  socket.onerror = end;
  return {
    send: (text) => socket.readyState === WebSocket.OPEN && socket.send(text),
    close: () => {
      over = true;
      socket.close();
    },
  };
}

const SILENCE_MS = 2_000;

/**
 * Open an event stream; when nothing comes for two seconds a proxy is buffering it, and long-poll takes over
 * the same connection.
 */
export function openStream(base: string, on: WireEvents): Wire {
  const stop = new AbortController();
  let connection = "";
  let after = 0;
  let queue: string[] = [];
  let busy = false;
  let polling = false;
  const end = (): void => {
    if (stop.signal.aborted) return;
    stop.abort();
    on.closed();
  };
  const take = (text: string): void => {
    const envelope = JSON.parse(text) as { type: string; connection?: string };
    if (envelope.type === "attached" && envelope.connection !== undefined) connection = envelope.connection;
    on.received(text);
    void flush();
  };
  const post = (path: string, body: unknown, secret: string): Promise<Response> =>
    fetch(`${base}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(secret === "" ? {} : { authorization: `Bearer ${secret}` }) },
      body: typeof body === "string" ? body : JSON.stringify(body),
      signal: stop.signal,
      credentials: "omit",
    });
  const flush = async (): Promise<void> => {
    if (busy || connection === "" || queue.length === 0) return;
    busy = true;
    const batch = queue;
    queue = [];
    try {
      const answer = await post("/v1/up", `[${batch.join(",")}]`, connection);
      if (!answer.ok) return end();
    } catch {
      return end();
    } finally {
      busy = false;
    }
    void flush();
  };
  const poll = async (): Promise<void> => {
    polling = true;
    while (!stop.signal.aborted) {
      const answer = await post("/v1/poll", { connection, after }, connection);
      if (!answer.ok) return end();
      const page = (await answer.json()) as { envelopes: unknown[]; after: number };
      after = page.after;
      for (const envelope of page.envelopes) take(JSON.stringify(envelope));
    }
  };
  const stream = async (first: string): Promise<void> => {
    const answer = await post("/v1/attach", first, "");
    if (!answer.ok || answer.body === null) return end();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    let silent = setTimeout(() => undefined, 0);
    for (;;) {
      clearTimeout(silent);
      silent = setTimeout(() => {
        if (connection !== "" && !polling) {
          void reader.cancel();
          poll().catch(end);
        }
      }, SILENCE_MS);
      const { value, done } = await reader.read();
      if (done) break;
      rest += value;
      const blocks = rest.split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        for (const line of block.split("\n")) {
          if (line.startsWith("id:")) after = Number(line.slice(3));
          if (line.startsWith("data:")) take(line.slice(5).trim());
        }
      }
    }
    clearTimeout(silent);
    if (!polling) end();
  };
  queueMicrotask(() => on.opened());
  let greeted = false;
  return {
    send: (text) => {
      if (!greeted) {
        greeted = true;
        stream(text).catch(end);
        return;
      }
      queue.push(text);
      void flush();
    },
    close: () => stop.abort(),
  };
}
