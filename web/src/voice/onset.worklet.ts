/** The microphone (input 0) and the loudspeaker's sound (input 1), block by block, by `Onset`: says when somebody speaks into it. */
import { Onset } from "./onset";

/** What the page is told: whether somebody may be speaking into what sounds. */
export type Suspicion = boolean;

declare const sampleRate: number;
declare function registerProcessor(name: string, processor: new () => object): void;
declare const AudioWorkletProcessor: new () => { readonly port: MessagePort };

function loudness(channel: Float32Array | undefined): number {
  if (channel === undefined) return 0;
  let sum = 0;
  for (const sample of channel) sum += sample * sample;
  return Math.sqrt(sum / channel.length);
}

registerProcessor(
  "suspicion",
  class extends AudioWorkletProcessor {
    private readonly onset = new Onset();

    constructor() {
      super();
      this.port.onmessage = ({ data }: MessageEvent<boolean>) => this.onset.wrong(data);
    }

    process([microphone, speaker]: readonly Float32Array[][]): boolean {
      const heard = microphone?.[0];
      if (heard === undefined) return true;
      const changed = this.onset.feed(loudness(heard), loudness(speaker?.[0]), (heard.length * 1_000) / sampleRate);
      if (changed && (!this.onset.loud || this.onset.sounds)) this.port.postMessage(this.onset.loud satisfies Suspicion);
      return true;
    }
  },
);
