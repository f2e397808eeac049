/**
 * One peer connection of this page, made before it is needed: all that can be done without the hub is done, and
 * nothing is sent until `go`, or until the hub's answer to its offer came.
 */
import type { CallTicket } from "../client/requests";
import { addressesIn, alike, answerFor, candidatesOf, factsOf, type OfferFacts } from "./answer";
import { newPeer } from "./new_peer";

/** What an answer is written of before the offer is made. */
export interface Ahead {
  readonly ticket: CallTicket;
  readonly facts: OfferFacts;
}

export class Peer {
  /** The hub's sound; null until an answer was set. */
  track: MediaStreamTrack | null = null;
  /** Called when `track` comes. */
  tracked: (track: MediaStreamTrack) => void = () => undefined;
  private ticket: CallTicket | null = null;
  private gone = false;
  /** Chromium decodes a remote track only while an element plays it. It is muted: `Output` sounds. */
  private readonly element = new Audio();
  private sounds = false;

  private constructor(
    readonly connection: RTCPeerConnection,
    readonly sender: RTCRtpSender,
    readonly offer: string,
    readonly facts: OfferFacts,
  ) {
    this.element.muted = true;
    connection.ontrack = ({ track }) => {
      this.track = track;
      this.play();
      this.tracked(track);
    };
  }

  /**
   * A peer with its offer made; `dressed` is shown its sender before. The microphone may join later, by
   * `sender.replaceTrack`. With a ticket, and what offers of this browser said before, its answer is set in the same go.
   */
  static async make(certificate: RTCCertificate, dressed: (sender: RTCRtpSender) => void, ahead: Ahead | null = null): Promise<Peer> {
    const connection = await newPeer({ certificates: [certificate], bundlePolicy: "max-bundle", iceServers: [], iceCandidatePoolSize: 1 });
    const { sender } = connection.addTransceiver("audio", { direction: "sendrecv" });
    dressed(sender);
    const offered = connection.setLocalDescription();
    const answer: RTCSessionDescriptionInit | null = ahead === null ? null : { type: "answer", sdp: answerFor(ahead.facts, ahead.ticket) };
    const answered = answer === null ? null : connection.setRemoteDescription(answer).then(() => true, () => false);
    await offered;
    const offer = connection.localDescription?.sdp ?? "";
    const peer = new Peer(connection, sender, offer, factsOf(offer));
    if (ahead === null || answered === null) return peer;
    if ((await answered) && alike(peer.facts, ahead.facts)) {
      peer.ticket = ahead.ticket;
      return peer;
    }
    // The browser offers something else than it did.
    peer.close();
    return Peer.make(certificate, dressed);
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

  /** Of its side of ICE: with it the hub can see which of this page's addresses it receives at. */
  get password(): string {
    return /^a=ice-pwd:(\S+)/m.exec(this.offer)?.[1] ?? "";
  }

  /** The addresses of this page that the browser has found for it by now. */
  get addresses(): ReadonlySet<string> {
    return addressesIn(this.connection.localDescription?.sdp ?? "");
  }

  /** Those by which it reaches the hub; none where the browser does not say. */
  async held(): Promise<ReadonlySet<string>> {
    const stats = (await this.connection.getStats()) as unknown as Map<string, Record<string, unknown>>;
    const pairs = [...stats.values()].filter(({ type, state }) => type === "candidate-pair" && state === "succeeded");
    const found = pairs.map(({ localCandidateId }) => stats.get(String(localCandidateId))?.["address"]);
    return new Set(found.filter((address) => typeof address === "string"));
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

  /**
   * Whether its sound is decoded when it comes. To begin with that takes milliseconds, which a handshake needs for itself: a
   * page that talks does it beforehand for the call that is next.
   */
  sound(sounds = true): void {
    if (sounds === this.sounds) return;
    this.sounds = sounds;
    this.play();
  }

  /** The hub's own answer. */
  async answered(sdp: string): Promise<void> {
    await this.connection.setRemoteDescription({ type: "answer", sdp });
  }

  close(): void {
    this.connection.ontrack = null;
    this.sound(false);
    this.connection.close();
  }

  private play(): void {
    this.element.srcObject = this.sounds && this.track !== null ? new MediaStream([this.track]) : null;
    if (this.element.srcObject !== null) void this.element.play().catch(() => undefined);
  }
}

/** Call `then` when the hub's first frame is there. */
export function onceHeard(track: MediaStreamTrack, then: () => void): void {
  if (!track.muted) then();
  else track.addEventListener("unmute", then, { once: true });
}
