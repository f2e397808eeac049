/**
 * The page's voice: one call at a time, made again whenever the session comes back without it.
 *
 * The call is offered before the microphone is there (a transceiver without a track), so that the agent is heard
 * as soon as the network allows; the microphone joins by `replaceTrack`.
 */
import type { Session } from "../client";
import { levelOf, Output } from "./output";

export type VoiceState = "off" | "starting" | "live" | "denied" | "failed";

export interface VoiceView {
  readonly state: VoiceState;
  readonly muted: boolean;
  readonly device: string;
  /** What a person can do about it, if anything is wrong. */
  readonly advice: string;
}

type Listener = (view: VoiceView) => void;
const RETRY_MS = [0, 200, 500, 1_000, 2_000];

export class Voice {
  readonly output = new Output();
  private view: VoiceView = { state: "off", muted: false, device: "", advice: "" };
  private peer: RTCPeerConnection | null = null;
  private sender: RTCRtpSender | null = null;
  private microphone: MediaStream | null = null;
  private meter: AnalyserNode | null = null;
  private node = "";
  private tries = 0;
  private wanted = false;
  private readonly listeners = new Set<Listener>();
  private certificate: Promise<RTCCertificate>;

  constructor(private readonly session: Session) {
    this.certificate = RTCPeerConnection.generateCertificate({ name: "ECDSA", namedCurve: "P-256" } as EcKeyGenParams);
    session.onChange((view) => {
      const node = session.node;
      if (this.wanted && view.phase === "live" && node !== "" && node !== this.node) void this.call();
    });
    session.onSignals((signals) => {
      for (const signal of signals) {
        if (signal["name"] === "mute") this.output.mute();
        if (signal["name"] === "unmute") this.output.unmute();
      }
    });
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.devicesChanged());
  }

  onChange(listener: Listener): () => void {
    this.listeners.add(listener);
    listener(this.view);
    return () => this.listeners.delete(listener);
  }

  get current(): VoiceView {
    return this.view;
  }

  /** Talk. Call it from a gesture. Resolves when the call is up; the microphone may still be on its way. */
  async start(): Promise<void> {
    this.wanted = true;
    this.show({ state: "starting", advice: "" });
    const warm = this.output.warm();
    const calling = this.call();
    void this.openMicrophone(this.view.device);
    await Promise.all([warm, calling]);
    this.session.signal("output_ready", this.output.ready);
  }

  /** Stop talking and listening; the session goes on in text. */
  async stop(): Promise<void> {
    this.wanted = false;
    this.hangUp();
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    this.microphone = null;
    this.show({ state: "off", advice: "" });
    await this.session.do([{ type: "change_modality", takes: ["text"], gives: ["text"] }]);
  }

  setMuted(muted: boolean): void {
    for (const track of this.microphone?.getAudioTracks() ?? []) track.enabled = !muted;
    this.show({ muted });
  }

  /** Microphones to choose from; their names are known once one was allowed. */
  async devices(): Promise<MediaDeviceInfo[]> {
    const all = await navigator.mediaDevices.enumerateDevices();
    return all.filter((device) => device.kind === "audioinput");
  }

  async choose(device: string): Promise<void> {
    this.show({ device });
    if (this.microphone !== null) await this.openMicrophone(device);
  }

  /** How loud the microphone is now, 0 to 1. */
  microphoneLevel(): number {
    return this.meter === null || this.view.muted ? 0 : levelOf(this.meter);
  }

  private async call(): Promise<void> {
    this.node = this.session.node;
    this.hangUp();
    const peer = new RTCPeerConnection({ certificates: [await this.certificate], bundlePolicy: "max-bundle", iceServers: [] });
    this.peer = peer;
    const transceiver = peer.addTransceiver(this.microphone?.getAudioTracks()[0] ?? "audio", { direction: "sendrecv" });
    this.sender = transceiver.sender;
    peer.ontrack = (event) => this.output.play(new MediaStream([event.track]));
    peer.onconnectionstatechange = () => this.connectionChanged(peer);
    try {
      const offer = await peer.createOffer();
      const [answer] = await Promise.all([this.session.call(offer.sdp ?? ""), peer.setLocalDescription(offer)]);
      await peer.setRemoteDescription({ type: "answer", sdp: answer });
      const track = this.microphone?.getAudioTracks()[0];
      if (track !== undefined) await transceiver.sender.replaceTrack(track);
    } catch {
      if (this.peer === peer) this.again();
    }
  }

  private connectionChanged(peer: RTCPeerConnection): void {
    if (peer !== this.peer) return;
    if (peer.connectionState === "connected") {
      this.tries = 0;
      this.show({ state: this.view.state === "denied" ? "denied" : "live" });
    }
    if (peer.connectionState === "failed") this.again();
  }

  private again(): void {
    if (!this.wanted) return;
    const wait = RETRY_MS[Math.min(this.tries++, RETRY_MS.length - 1)] ?? 2_000;
    if (this.tries > 12) return this.show({ state: "failed", advice: "Voice does not get through here. Typing works." });
    setTimeout(() => {
      if (this.wanted && this.session.view.phase === "live") void this.call();
    }, wait);
  }

  private hangUp(): void {
    this.peer?.close();
    this.peer = null;
    this.sender = null;
  }

  private async openMicrophone(device: string): Promise<void> {
    const wish: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: device === "" ? wish : { ...wish, deviceId: { exact: device } } });
      for (const track of this.microphone?.getTracks() ?? []) track.stop();
      this.microphone = stream;
      this.meter = this.output.context.createAnalyser();
      this.meter.fftSize = 1024;
      this.output.context.createMediaStreamSource(stream).connect(this.meter);
      const [track] = stream.getAudioTracks();
      if (track !== undefined) {
        track.onended = () => this.show({ state: "denied", advice: "The microphone was taken away. You hear the agent, and typing works." });
        await this.sender?.replaceTrack(track);
      }
      this.setMuted(this.view.muted);
    } catch (problem) {
      const denied = problem instanceof DOMException && problem.name === "NotAllowedError";
      const advice = denied
        ? "The browser does not let this page use the microphone. You hear the agent, and typing works."
        : "There is no microphone here. You hear the agent, and typing works.";
      this.show({ state: "denied", advice });
    }
  }

  private async devicesChanged(): Promise<void> {
    const [track] = this.microphone?.getAudioTracks() ?? [];
    if (this.wanted && track?.readyState === "ended") await this.openMicrophone("");
  }

  private show(changes: Partial<VoiceView>): void {
    this.view = { ...this.view, ...changes };
    for (const listener of this.listeners) listener(this.view);
  }
}
