/**
 * Looks which addresses this page has. A browser finds them when a peer gathers: so one peer, which never calls, gathers
 * again and again. A new one each time would soon be too many (`newPeer`). While what it offered stands, some browsers tell
 * it by a further candidate when a network comes (back); of one that goes, none tells.
 */
import { addressesIn } from "./answer";
import { newPeer } from "./new_peer";

/** How long the browser may take to find the networks that there are, ms. */
const FIND_MS = 500;

export class Scout {
  private peer: RTCPeerConnection | null = null;

  /** `came` is told of an address that comes while nobody looks. */
  constructor(private readonly came: (address: string) => void) {}

  /** The addresses that there are now. */
  async look(): Promise<ReadonlySet<string>> {
    const peer = (this.peer ??= await this.idle());
    await this.rest();
    await peer.setLocalDescription();
    await gathered(peer);
    return addressesIn(peer.localDescription?.sdp ?? "");
  }

  /** Hold no sockets meanwhile. */
  async rest(): Promise<void> {
    if (this.peer?.signalingState === "have-local-offer") await this.peer.setLocalDescription({ type: "rollback" });
  }

  private async idle(): Promise<RTCPeerConnection> {
    const peer = await newPeer({ iceServers: [] });
    peer.addTransceiver("audio", { direction: "recvonly" });
    peer.onicecandidate = ({ candidate }) => {
      // What it was gathering has come by then, so this came later.
      if (peer.iceGatheringState !== "complete") return;
      for (const address of addressesIn(`a=${candidate?.candidate ?? ""}`)) this.came(address);
    };
    return peer;
  }
}

/** Resolves when the peer has found what there is, or has had its time. */
async function gathered(peer: RTCPeerConnection): Promise<void> {
  await new Promise((done) => {
    peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && done(null);
    setTimeout(done, FIND_MS);
  });
}
