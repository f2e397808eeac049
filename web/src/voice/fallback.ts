/**
 * The hub's sound without a call: Opus frames of the microphone's own stream, decoded here and played one after another.
 * The microphone goes the other way by its capture, which is told to carry.
 */
import type { Sounds } from "../client/sounds";
import { FRAME } from "./clock";
import { decodeAudio, OPUS } from "./envelope";

/** Sound that is played from so much ahead on: what the network's jitter may use up. */
const AHEAD_S = 0.08;
/** More than that waits: the network was away, and what it brings now is late. */
const LATE_S = 0.5;
const RATE = 48_000;
const MICROSECONDS = 1_000_000;

export class Fallback {
  /** The stream that it plays: each counts its media time from the beginning. */
  run: object = {};
  private decoder: AudioDecoder | null = null;
  private stopListening: () => void = () => undefined;
  private playAt = 0;
  private out: AudioNode | null = null;
  /** Media time after the sound that ends at `playAt`. */
  private end = 0;

  constructor(
    private readonly sounds: Sounds,
    private readonly into: AudioNode,
  ) {}

  /** Whether it stands for a call. */
  get on(): boolean {
    return this.decoder !== null;
  }

  /** The media time of the frame that was given to the output last; null: none yet. */
  get timestamp(): number | null {
    if (this.end === 0) return null;
    const ahead = Math.max(0, this.playAt - this.into.context.currentTime) * RATE;
    return Math.floor(this.end - ahead) - FRAME;
  }

  start(): void {
    if (this.on) return;
    this.begin();
    this.stopListening = this.sounds.listen({ heard: (envelope) => this.heard(envelope), back: () => this.begin() });
  }

  stop(): void {
    this.stopListening();
    this.rest();
  }

  /** Another stream, which a connection has to itself. */
  private begin(): void {
    this.rest();
    this.run = {};
    this.end = this.playAt = 0;
    this.out = new GainNode(this.into.context);
    this.out.connect(this.into);
    this.open();
  }

  private rest(): void {
    if (this.decoder !== null && this.decoder.state !== "closed") this.decoder.close();
    this.decoder = null;
    this.out?.disconnect(); // with what was to sound yet: whatever comes next says it again
    this.out = null;
  }

  private open(): void {
    const decoder: AudioDecoder = new AudioDecoder({
      output: (data) => (decoder === this.decoder ? this.play(data) : data.close()),
      error: () => decoder === this.decoder && this.open(), // it cannot go on: begin anew with the next frame
    });
    decoder.configure({ codec: "opus", sampleRate: RATE, numberOfChannels: 1 });
    this.decoder = decoder;
  }

  private heard(envelope: ArrayBuffer): void {
    const audio = decodeAudio(envelope);
    if (audio === null || audio.kind !== OPUS || this.decoder?.state !== "configured") return;
    const timestamp = Math.round((audio.mediaTime * MICROSECONDS) / RATE);
    for (const data of audio.frames) this.decoder.decode(new EncodedAudioChunk({ type: "key", timestamp, data }));
  }

  private play(data: AudioData): void {
    const { context } = this.into;
    const { numberOfFrames, sampleRate, numberOfChannels } = data;
    const mediaTime = Math.round((data.timestamp * RATE) / MICROSECONDS);
    const buffer = context.createBuffer(numberOfChannels, numberOfFrames, sampleRate);
    for (let channel = 0; channel < numberOfChannels; channel++) {
      const samples = new Float32Array(numberOfFrames);
      data.copyTo(samples, { planeIndex: channel, format: "f32-planar" });
      buffer.copyToChannel(samples, channel);
    }
    data.close();
    if (this.out === null) return;
    const now = context.currentTime;
    if (this.playAt > now + LATE_S) return; // it never catches up otherwise
    if (this.playAt < now) this.playAt = now + AHEAD_S;
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(this.out);
    source.start(this.playAt);
    this.playAt += buffer.duration;
    this.end = mediaTime + numberOfFrames;
  }
}
