import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Output } from "../src/voice/output";

/** The rate of the loudspeaker, and of all streams. */
const DEVICE = 44_100;

const param = { value: 1, cancelScheduledValues: () => undefined, setValueAtTime: () => undefined, linearRampToValueAtTime: () => undefined };

class Node {
  readonly gain = param;
  readonly offset = { value: 1 };
  fftSize = 0;
  connect<To>(to: To): To {
    return to;
  }
  disconnect(): void {}
  start(): void {}
}

/** A Firefox of some years: it takes no stream into a context of another rate. */
class Context {
  readonly sampleRate: number;
  readonly state = "running";
  readonly currentTime = 0;
  readonly destination = new Node();
  readonly sounding: unknown[] = [];
  onstatechange: (() => void) | null = null;
  constructor({ sampleRate = DEVICE }: AudioContextOptions) {
    this.sampleRate = sampleRate;
  }
  createGain = (): Node => new Node();
  createAnalyser = (): Node => new Node();
  createConstantSource = (): Node => new Node();
  createMediaStreamSource(stream: unknown): Node {
    if (this.sampleRate !== DEVICE) throw new DOMException("", "NotSupportedError");
    this.sounding.push(stream);
    return new Node();
  }
}

describe("the page's sound", () => {
  beforeEach(() => {
    vi.stubGlobal("AudioContext", Context);
    vi.stubGlobal("MediaStream", class {});
  });
  afterEach(() => void vi.unstubAllGlobals());

  test("plays a call whose rate is the loudspeaker's in a browser that resamples none", () => {
    const output = new Output();
    output.play({} as MediaStreamTrack);
    expect((output.context as unknown as Context).sounding).toHaveLength(1);
  });

  test("has the hub's rate where the hub's sound may come in buffers", () => {
    for (const name of ["MediaStreamTrackProcessor", "AudioEncoder", "RTCRtpScriptTransform"]) vi.stubGlobal(name, class {});
    expect(new Output().context.sampleRate).toBe(48_000);
  });
});
