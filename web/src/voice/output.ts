/**
 * Sound out, warm before it is needed.
 *
 * A cold output piles the first second of speech up in the jitter buffer and stays late for long; so a silent
 * source plays from the first gesture on, and the remote track is read through a graph that runs already.
 */

export class Output {
  readonly context: AudioContext;
  private readonly gain: GainNode;
  private readonly meter: AnalyserNode;
  private source: MediaStreamAudioSourceNode | null = null;
  private readonly element = new Audio();

  constructor() {
    this.context = new AudioContext({ latencyHint: "interactive", sampleRate: 48_000 });
    this.gain = this.context.createGain();
    this.meter = this.context.createAnalyser();
    this.meter.fftSize = 1024;
    this.gain.connect(this.meter).connect(this.context.destination);
    const silence = this.context.createConstantSource();
    silence.offset.value = 0;
    silence.connect(this.gain);
    silence.start();
    this.element.muted = true;
  }

  /** Begin on a gesture: the browser lets a page sound only after one. */
  async warm(): Promise<void> {
    if (this.context.state !== "running") await this.context.resume();
  }

  /** Whether sound would be heard now. */
  get ready(): boolean {
    return this.context.state === "running";
  }

  /** Play `stream` instead of whatever played. */
  play(stream: MediaStream): void {
    this.source?.disconnect();
    // Chromium decodes a remote track only while an element plays it; that element is muted, the graph sounds.
    this.element.srcObject = stream;
    void this.element.play().catch(() => undefined);
    this.source = this.context.createMediaStreamSource(stream);
    this.source.connect(this.gain);
  }

  /** Connect something that listens to what is played (a meter, a recorder). */
  tap(node: AudioNode): void {
    this.gain.connect(node);
  }

  /** Silence at once, with a ramp too short to hear as a click. */
  mute(): void {
    this.gain.gain.setTargetAtTime(0, this.context.currentTime, 0.005);
  }

  unmute(): void {
    this.gain.gain.setTargetAtTime(1, this.context.currentTime, 0.005);
  }

  /** How loud it is now, 0 to 1. */
  level(): number {
    return levelOf(this.meter);
  }
}

const samples = new Float32Array(1024);

/** Root mean square of what an analyser hears now. */
export function levelOf(meter: AnalyserNode): number {
  meter.getFloatTimeDomainData(samples);
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}
