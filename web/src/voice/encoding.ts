/** A microphone's sound as Opus frames of 20 ms, each with its media time. Lives in the Web Worker. */
import { CaptureClock } from "./clock";

const BIT_RATE = 32_000;
const FRAME_US = 20_000;
const SILENT: AudioSampleFormat = "f32-planar";

export class Encoding {
  readonly clock = new CaptureClock();
  private encoder: AudioEncoder | null = null;
  private shape = "";

  constructor(private readonly encoded: (mediaTime: number, frame: Uint8Array<ArrayBuffer>) => void) {}

  /** Encode a piece that began at `timestamp` (microseconds); it is closed here. */
  push(data: AudioData, timestamp: number): void {
    const { numberOfFrames, numberOfChannels, sampleRate } = data;
    const shape = `${sampleRate}/${numberOfChannels}`;
    if (shape !== this.shape) this.open(sampleRate, numberOfChannels);
    this.shape = shape;
    const { silence } = this.clock.take(timestamp, numberOfFrames, sampleRate);
    if (silence > 0) this.encode(silent(silence, data));
    this.encode(data);
  }

  private open(sampleRate: number, numberOfChannels: number): void {
    this.close();
    this.encoder = new AudioEncoder({
      output: (chunk) => {
        const frame = new Uint8Array(chunk.byteLength);
        chunk.copyTo(frame);
        this.encoded(this.clock.encoded(), frame);
      },
      error: () => (this.shape = ""), // the next piece opens another
    });
    this.encoder.configure({
      codec: "opus",
      sampleRate,
      numberOfChannels,
      bitrate: BIT_RATE,
      opus: { frameDuration: FRAME_US, usedtx: false, useinbandfec: true, packetlossperc: 10 },
    });
  }

  /** Whatever it was not done with is lost. */
  close(): void {
    if (this.encoder !== null && this.encoder.state !== "closed") this.encoder.close();
    this.encoder = null;
  }

  private encode(data: AudioData): void {
    if (this.encoder?.state === "configured") this.encoder.encode(data);
    data.close();
  }
}

function silent(numberOfFrames: number, like: AudioData): AudioData {
  const { sampleRate, numberOfChannels, timestamp } = like;
  const data = new Float32Array(numberOfFrames * numberOfChannels);
  return new AudioData({ format: SILENT, sampleRate, numberOfFrames, numberOfChannels, timestamp, data });
}
