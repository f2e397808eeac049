/** A WebSocket to the hub. */
import { readEnvelope, type Wire, type WireEvents } from "./wire";

const SUBPROTOCOL = "legato.1";

/** Open a WebSocket to `base` (an `http(s)` address). */
export function openSocket(base: string, on: WireEvents): Wire {
  const socket = new WebSocket(`${base.replace(/^http/, "ws")}/v1/connect`, SUBPROTOCOL);
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    on.closed();
  };
  socket.onopen = () => over || on.opened();
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (over || typeof data !== "string") return;
    const envelope = readEnvelope(data);
    if (envelope !== null) return on.received(envelope);
    socket.close();
    end();
  };
  socket.onclose = end;
  socket.onerror = end;
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => {
      over = true;
      socket.close();
    },
  };
}
