/**
 * One call: an offer, an answer, a connection. The offer goes out before the microphone is there (a transceiver without
 * a track), so that the agent is heard as soon as the network allows; the microphone joins by `replaceTrack`.
 */
import type { Session } from "../client";

export interface CallEvents {
  track(track: MediaStreamTrack): void;
  /** The hub took the call; sound is on its way. */
  answered(): void;
  connected(): void;
  /** It will not come back. Called once. */
  failed(): void;
}

/** Chromium says `disconnected` after some seconds of silence, and `failed` ten later: a new call is faster. */
const DISCONNECTED_MS = 1_000;
const CONNECT_MS = 8_000;

export class Call {
  private readonly peer: RTCPeerConnection;
  private readonly sender: RTCRtpSender;
  private id = "";
  private over = false;
  private timer: ReturnType<typeof setTimeout>;

  constructor(
    private readonly session: Session,
    certificate: RTCCertificate,
    microphone: MediaStreamTrack | null,
    private readonly on: CallEvents,
    prepare: (sender: RTCRtpSender) => void,
  ) {
    this.peer = new RTCPeerConnection({ certificates: [certificate], bundlePolicy: "max-bundle", iceServers: [] });
    this.sender = this.peer.addTransceiver(microphone ?? "audio", { direction: "sendrecv" }).sender;
    prepare(this.sender);
    this.peer.ontrack = ({ track }) => this.over || this.on.track(track);
    this.peer.onconnectionstatechange = () => this.changed();
    this.timer = setTimeout(() => this.fail(), CONNECT_MS);
    void this.dial();
  }

  /** Send `track` from here on; null: nothing. */
  async send(track: MediaStreamTrack | null): Promise<void> {
    if (!this.over) await this.sender.replaceTrack(track).catch(() => undefined);
  }

  /** Let go of it: the hub is gone, or the next call takes its place. */
  drop(): void {
    this.end();
  }

  /** End it; the hub is told if it can be. */
  hangUp(): void {
    if (this.id === "" || this.over) return this.end();
    this.finish();
    void this.sender.replaceTrack(null).catch(() => undefined);
    // In this order: a connection that closes first leaves the hub nothing to hang up.
    void this.session.requests.hangUp(this.id).catch(() => undefined).finally(() => this.peer.close());
  }

  private async dial(): Promise<void> {
    try {
      const offer = await this.peer.createOffer();
      const [answer] = await Promise.all([this.session.requests.call(offer.sdp ?? ""), this.peer.setLocalDescription(offer)]);
      this.id = answer.call;
      if (this.over) return void this.session.requests.hangUp(this.id).catch(() => undefined);
      this.on.answered();
      await this.peer.setRemoteDescription({ type: "answer", sdp: answer.sdp });
    } catch {
      this.fail();
    }
  }

  private changed(): void {
    const state = this.peer.connectionState;
    clearTimeout(this.timer);
    if (state === "connected") this.on.connected();
    else if (state === "failed" || state === "closed") this.fail();
    else this.timer = setTimeout(() => this.fail(), state === "disconnected" ? DISCONNECTED_MS : CONNECT_MS);
  }

  private fail(): void {
    if (this.over) return;
    this.end();
    this.on.failed();
  }

  private end(): void {
    this.finish();
    this.peer.close();
  }

  private finish(): void {
    this.over = true;
    clearTimeout(this.timer);
    this.peer.onconnectionstatechange = null;
  }
}
