/** A WebSocket to the hub. */
import { readEnvelope, type Wire, type WireEvents } from "./wire";

const SUBPROTOCOL = "legato.1";
/** Bytes that wait to be sent, from which on sound has to wait too. */
const FULL = 262_144;

/** Open a WebSocket to `base` (an `http(s)` address). */
export function openSocket(base: string, on: WireEvents): Wire {
  const socket = new WebSocket(`${base.replace(/^http/, "ws")}/v1/connect`, SUBPROTOCOL);
  socket.binaryType = "arraybuffer";
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    on.closed();
  };
  socket.onopen = () => over || on.opened();
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (over) return;
    if (data instanceof ArrayBuffer) return on.heard(data);
    if (typeof data !== "string") return;
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
    sendAudio: (envelope) => {
      if (over || socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > FULL) return false;
      socket.send(envelope);
      return true;
    },
    close: () => {
      over = true;
      socket.close();
    },
  };
}
