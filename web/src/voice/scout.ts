/**
 * Looks which addresses this page has. A browser finds them when a peer gathers, and tells no page when they change: so one
 * peer, which never calls, gathers again and again. A new one each time would soon be too many (`newPeer`).
 */
import { addressesIn } from "./answer";
import { newPeer } from "./new_peer";

/** How long the browser takes to find the networks that there are, ms. */
const FIND_MS = 500;

export class Scout {
  private peer: RTCPeerConnection | null = null;

  /** The addresses that there are now. */
  async look(): Promise<ReadonlySet<string>> {
    const peer = (this.peer ??= await idle());
    await this.rest();
    await peer.setLocalDescription();
    await new Promise((found) => setTimeout(found, FIND_MS));
    return addressesIn(peer.localDescription?.sdp ?? "");
  }

  /** Hold no sockets meanwhile. */
  async rest(): Promise<void> {
    if (this.peer?.signalingState === "have-local-offer") await this.peer.setLocalDescription({ type: "rollback" });
  }
}

async function idle(): Promise<RTCPeerConnection> {
  const peer = await newPeer({ iceServers: [] });
  peer.addTransceiver("audio", { direction: "recvonly" });
  return peer;
}
