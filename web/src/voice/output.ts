/**
 * Sound out, warm before it is needed.
 *
 * A cold output piles the first second of speech up in the jitter buffer and stays late for long; so a silent
 * source plays from the first gesture on, and the remote track is read through a graph that runs already.
 */
import { capable } from "./capture";
import { levelOf } from "./level";

const FADE_S = 0.005;
const RATE = 48_000;

/**
 * The context's rate is the hub's only where sound may come in buffers of it (`Fallback`), which would click where they
 * meet in a context of another. Elsewhere all sound is a media stream's, which the browser itself brings to the rate of
 * the device; older Firefoxes refuse (NotSupportedError) to take one into a context of a rate that was asked for.
 */
function rate(): AudioContextOptions {
  return capable() ? { sampleRate: RATE } : {};
}

/** Why nothing is to sound: its person put it on hold; its path was lost; the voice moves to another device. */
export type Held = "hold" | "lost" | "moving";

export class Output {
  private readonly gain: GainNode;
  private readonly meter: AnalyserNode;
  private source: MediaStreamAudioSourceNode | null = null;
  private track: MediaStreamTrack | null = null;
  private readonly holds = new Set<Held>();
  private loud = 1;

  /** Told when sound becomes possible, or impossible. */
  changed: () => void = () => undefined;
  /** Made before it is needed, for that takes a while. */
  readonly context = new AudioContext({ latencyHint: "interactive", ...rate() });

  constructor() {
    this.context.onstatechange = () => {
      this.listen();
      this.changed();
    };
    this.gain = this.context.createGain();
    this.meter = this.context.createAnalyser();
    this.meter.fftSize = 1024;
    this.gain.connect(this.meter).connect(this.context.destination);
    const silence = this.context.createConstantSource();
    silence.offset.value = 0;
    silence.connect(this.gain);
    silence.start();
  }

  /** Whether sound would be heard now. */
  get ready(): boolean {
    return this.context.state === "running";
  }

  /** How many samples at 48 kHz are on their way to the ear. */
  get late(): number {
    const { outputLatency, baseLatency } = this.context;
    return (outputLatency || baseLatency || 0) * RATE;
  }

  /** Begin, if the browser lets it: on a gesture, or while a microphone is open. Never waits for long. */
  async warm(): Promise<boolean> {
    if (this.ready) return true;
    const soon = new Promise((resolve) => setTimeout(resolve, WARM_MS));
    // Without a gesture `resume` may stay pending for ever.
    await Promise.race([this.context.resume().catch(() => undefined), soon]);
    this.listen(); // that it runs is told as an event later
    return this.ready;
  }

  /** Play `track`, which its peer has decoded (`Peer.sound`), instead of whatever played. */
  play(track: MediaStreamTrack): void {
    if (track !== this.track) {
      this.rest();
      this.track = track;
      this.listen();
    }
    this.unmute();
  }

  /** Let the graph sound what plays; not before it runs: what piles up until then would be late for ever. */
  private listen(): void {
    if (this.track === null || this.source !== null || !this.ready) return;
    this.source = this.context.createMediaStreamSource(new MediaStream([this.track]));
    this.source.connect(this.gain);
  }

  /** Where sound goes in that is no track's. */
  get inlet(): AudioNode {
    return this.gain;
  }

  /** Play nothing. */
  rest(): void {
    this.source?.disconnect();
    this.source = this.track = null;
  }

  /** Nothing sounds here any more. */
  async close(): Promise<void> {
    this.rest();
    await this.context.close();
  }

  /** Connect something that listens to what is played (a meter, a recorder), at this input of it. */
  tap(node: AudioNode, input = 0): void {
    this.gain.connect(node, 0, input);
  }

  /** Silence at once, with a ramp too short to hear as a click. */
  mute(): void {
    this.fade(0);
  }

  unmute(): void {
    this.fade(1);
  }

  /** Silence for this reason, whoever says that there is sound meanwhile; or what there would be without it. */
  hold(why: Held, held: boolean): void {
    if (held) this.holds.add(why);
    else this.holds.delete(why);
    this.fade(this.loud);
  }

  private fade(loud: number): void {
    this.loud = loud;
    const to = this.holds.size > 0 ? 0 : loud;
    const { gain } = this.gain;
    const now = this.context.currentTime;
    gain.cancelScheduledValues(now);
    gain.setValueAtTime(gain.value, now);
    gain.linearRampToValueAtTime(to, now + FADE_S);
  }

  /** How loud it is now, 0 to 1. */
  level(): number {
    return levelOf(this.meter);
  }
}

const WARM_MS = 400;
