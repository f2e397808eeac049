/**
 * One peer connection of this page, made before it is needed: all that can be done without the hub is done, and
 * nothing is sent until `go`, or until the hub's answer to its offer came.
 */
import type { CallTicket } from "../client/requests";
import { answerFor, candidatesOf, factsOf, type OfferFacts } from "./answer";

export class Peer {
  /** The hub's sound; null until an answer was set. */
  track: MediaStreamTrack | null = null;
  /** Called when `track` comes. */
  tracked: (track: MediaStreamTrack) => void = () => undefined;
  private ticket: CallTicket | null = null;
  private gone = false;

  private constructor(
    readonly connection: RTCPeerConnection,
    readonly sender: RTCRtpSender,
    readonly offer: string,
    readonly facts: OfferFacts,
  ) {
    connection.ontrack = ({ track }) => {
      this.track = track;
      this.tracked(track);
    };
  }

  /** A peer with its offer made; `dressed` is shown its sender before. The microphone may join later, by `sender.replaceTrack`. */
  static async make(certificate: RTCCertificate, dressed: (sender: RTCRtpSender) => void): Promise<Peer> {
    const connection = new RTCPeerConnection({ certificates: [certificate], bundlePolicy: "max-bundle", iceServers: [] });
    const { sender } = connection.addTransceiver("audio", { direction: "sendrecv" });
    dressed(sender);
    const description = await connection.createOffer();
    const offer = description.sdp ?? "";
    await connection.setLocalDescription(description);
    return new Peer(connection, sender, offer, factsOf(offer));
  }

  /** Whether `go` would begin a call. */
  get armed(): boolean {
    return this.ticket !== null;
  }

  /** Whether its way to the hub is known, or being tried, beforehand: it has only to be said that it calls. */
  get stands(): boolean {
    return this.gone && ["new", "connecting", "connected"].includes(this.connection.connectionState);
  }

  /** The call's name by ticket, as the hub's first look at it has it. */
  get key(): string {
    return `${this.ticket?.ufrag ?? ""}:${this.facts.ufrag}`;
  }

  /** Take the answer from a ticket; all but the hub's address. */
  async arm(ticket: CallTicket): Promise<void> {
    await this.connection.setRemoteDescription({ type: "answer", sdp: answerFor(this.facts, ticket) });
    this.ticket = ticket;
  }

  /** Begin, if that is not done: the first check leaves. */
  go(): void {
    if (this.ticket === null || this.gone) return;
    this.gone = true;
    for (const candidate of candidatesOf(this.ticket)) {
      void this.connection.addIceCandidate({ candidate, sdpMid: this.facts.mid }).catch(() => undefined);
    }
  }

  /** The hub's own answer. */
  async answered(sdp: string): Promise<void> {
    await this.connection.setRemoteDescription({ type: "answer", sdp });
  }

  close(): void {
    this.connection.ontrack = null;
    this.connection.close();
  }
}
