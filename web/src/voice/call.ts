/**
 * One call: a peer that was made before, and the way it gets to the hub: by ticket, or by an offer that is answered.
 * It does not wait for the microphone, so that the agent is heard as soon as the network allows; that joins by
 * `replaceTrack`.
 */
import { of } from "../client/state";
import type { PlayedUntil, Session } from "../client";
import type { Peer } from "./peer";

export interface CallEvents {
  track(track: MediaStreamTrack): void;
  /** The hub took the call; sound is on its way. */
  answered(): void;
  connected(): void;
  /** What of the agent's speech was heard by now. */
  heard(): PlayedUntil | null;
  /** Whether it is only made anew: it takes the voice from no other device. */
  again(): boolean;
  /** It will not come back. Called once. */
  failed(): void;
}

/** Chromium says `disconnected` after some seconds of silence, and `failed` ten later: a new call is faster. */
const DISCONNECTED_MS = 1_000;
const CONNECT_MS = 8_000;
const BY_TICKET_MS = 2_000;
/** The hub's first frame follows at once when a call that waited is called by; with any other it comes while it is set up. */
const SOUNDS_MS = 1_000;
const BEGINS_MS = 4_000;
const CLOSES_MS = 300;
/** The contributing source of frames by which the hub says that it does not hear this page. */
const UNHEARD = 0x756e6864;

export class Call {
  /** Whether it went by ticket: if such a one fails, the next should be offered. */
  readonly byTicket: boolean;
  private id = "";
  private over = false;
  private sounded = false;
  /** Not said to the hub yet. */
  private unsaid = false;
  /** The hub was told, so far as that was possible. */
  private told = true;
  private timer: ReturnType<typeof setTimeout>;

  constructor(
    private readonly session: Session,
    private readonly peer: Peer,
    microphone: MediaStreamTrack | null,
    private readonly ready: () => boolean,
    private readonly on: CallEvents,
    quiet = false,
  ) {
    this.byTicket = peer.armed;
    peer.connection.onconnectionstatechange = () => this.changed();
    this.timer = setTimeout(() => this.fail(), this.byTicket ? BY_TICKET_MS : CONNECT_MS);
    if (this.byTicket) {
      // Said to the hub, the call takes over at once; else it is said when it stands: until then the voice goes another way.
      this.unsaid = quiet;
      peer.go();
      if (!quiet) this.tell();
    } else {
      void this.offer();
    }
    peer.sound();
    peer.tracked = (track) => this.over || this.on.track(track);
    if (peer.track !== null) on.track(peer.track);
    if (microphone !== null) void this.send(microphone);
    if (peer.connection.connectionState === "connected") this.waited();
  }

  /** The handshake was done beforehand; whether the hub still knows of it shows by its sound. */
  private waited(): void {
    queueMicrotask(() => this.over || this.stands(SOUNDS_MS));
  }

  /** What stands and does not sound is no call: what this page said of it was lost, or the hub could not take it. */
  private stands(sounds_ms: number): void {
    clearTimeout(this.timer);
    if (this.peer.track?.muted !== false) {
      this.timer = setTimeout(() => this.fail(), sounds_ms);
      this.peer.track?.addEventListener("unmute", () => clearTimeout(this.timer), { once: true });
    }
    if (this.unsaid) this.tell();
    this.unsaid = false;
    this.on.connected();
  }

  /** The session is back: what could not be told of a call by ticket when it began is told now. */
  introduce(): void {
    if (!this.told && !this.over) this.tell();
  }

  private tell(): void {
    this.told = this.session.dial(this.peer.key, this.ready(), this.on.heard(), this.peer.password, this.on.again());
  }

  /** The addresses of this page that it was made with. */
  get offered(): ReadonlySet<string> {
    return this.peer.addresses;
  }

  /** The addresses of this page by which it reaches the hub; none where the browser does not say. */
  addresses(): Promise<ReadonlySet<string>> {
    return this.peer.held();
  }

  /** How many packets came so far. */
  async packets(): Promise<number> {
    const stats = await this.peer.connection.getStats();
    const streams = [...(stats as unknown as Map<string, { type: string; packetsReceived?: number }>).values()];
    return streams.reduce((sum, { type, packetsReceived = 0 }) => sum + (type === "inbound-rtp" ? packetsReceived : 0), 0);
  }

  /** Send `track` from here on; null: nothing. */
  async send(track: MediaStreamTrack | null): Promise<void> {
    if (!this.over) await this.peer.sender.replaceTrack(track).catch(() => undefined);
  }

  /** Whether a frame of the hub's came. */
  private get came(): boolean {
    return (this.sounded ||= this.peer.track?.muted === false);
  }

  /** The hub's sound; null: none yet. */
  get track(): MediaStreamTrack | null {
    return this.peer.track;
  }

  /** The RTP timestamp of the frame that was given to the output last; null: none in the last ten seconds. */
  get timestamp(): number | null {
    // To ask the browser takes its threads away from the handshake, some fifty times a second.
    if (!this.came) return null;
    const [newest] = this.peer.connection.getReceivers()[0]?.getSynchronizationSources() ?? [];
    return newest?.rtpTimestamp ?? null;
  }

  /** Whether that frame says that the hub does not hear this page. */
  get unheard(): boolean {
    const { timestamp } = this;
    if (timestamp === null) return false;
    const [receiver] = this.peer.connection.getReceivers();
    const said = receiver?.getContributingSources().find(({ source }) => source === UNHEARD);
    return said !== undefined && said.rtpTimestamp === timestamp;
  }

  /**
   * Let go of it: the hub is gone, or the next call takes its place. It is closed when that has had time to begin: closing
   * holds the page, and the browser's own threads for all calls, for longer than calling takes.
   */
  drop(): void {
    if (this.over) return;
    this.finish();
    setTimeout(() => this.peer.close(), CLOSES_MS);
  }

  /** End it; the hub is told if it can be. */
  hangUp(): void {
    const id = this.id || this.named();
    if (id === "" || this.over) return this.end();
    this.finish();
    void this.peer.sender.replaceTrack(null).catch(() => undefined);
    // In this order: a connection that closes first leaves the hub nothing to hang up.
    void this.session.requests.hangUp(id).catch(() => undefined).finally(() => this.peer.close());
  }

  /** The hub's name for a call by ticket: the log has it. */
  private named(): string {
    const { state, attachment } = this.session.view;
    return of(state.attachments, attachment)?.call ?? "";
  }

  private async offer(): Promise<void> {
    try {
      const answer = await this.session.requests.call(this.peer.offer, this.on.heard(), this.on.again());
      this.id = answer.call;
      if (this.over) return void this.session.requests.hangUp(this.id).catch(() => undefined);
      this.on.answered();
      await this.peer.answered(answer.sdp);
    } catch {
      this.fail();
    }
  }

  private changed(): void {
    const state = this.peer.connection.connectionState;
    clearTimeout(this.timer);
    if (state === "connected") this.stands(BEGINS_MS);
    else if (state === "failed" || state === "closed") this.fail();
    else this.timer = setTimeout(() => this.fail(), this.patience(state));
  }

  private patience(state: RTCPeerConnectionState): number {
    if (state === "disconnected") return DISCONNECTED_MS;
    return this.byTicket ? BY_TICKET_MS : CONNECT_MS;
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
    this.peer.connection.onconnectionstatechange = null;
  }
}
