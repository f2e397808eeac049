import { beforeEach, expect, test, vi } from "vitest";
import type { Session } from "../src/client";
import type { DownAttached } from "../src/client/aliases";
import { Sounds } from "../src/client/sounds";
import { encodeAudio, OPUS } from "../src/voice/envelope";
import { Fallback } from "../src/voice/fallback";
import { Playout } from "../src/voice/playout";

const FRAME = 960;
const SECOND = 48_000;

class Node {
  connect(): void {}
  disconnect(): void {}
  start(): void {}
}

/** Gives a frame of silence for each that it is given, at once. */
class Decoder {
  state = "configured";
  constructor(private readonly on: { output(data: object): void }) {}
  configure(): void {}
  close(): void {
    this.state = "closed";
  }
  decode({ timestamp }: { timestamp: number }): void {
    this.on.output({ timestamp, numberOfFrames: FRAME, sampleRate: SECOND, numberOfChannels: 1, copyTo() {}, close() {} });
  }
}

beforeEach(() => {
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("AudioDecoder", Decoder);
  vi.stubGlobal("EncodedAudioChunk", class { constructor(chunk: object) { Object.assign(this, chunk); } });
  vi.stubGlobal("GainNode", Node);
  vi.stubGlobal("AudioBufferSourceNode", Node);
});

/** A page whose connection carries its voice, from the beginning of a story. */
function page(): { says: (samples: number, timestamp: number) => void; plays: (from: number, until: number) => void; back: () => void; heard: () => number } {
  const context = { currentTime: 0, createBuffer: () => ({ duration: FRAME / SECOND, copyToChannel() {} }) };
  const sounds = new Sounds(() => ({}) as DownAttached, () => true, () => true);
  const fallback = new Fallback(sounds, { context } as unknown as AudioNode);
  let told: (signals: object[]) => void = () => undefined;
  const session = { view: { attachment: "tab" }, onSignals: (heed: typeof told) => void (told = heed), signal() {} } as unknown as Session;
  const playout = new Playout(session, () => (fallback.timestamp === null ? null : { by: fallback.run, timestamp: fallback.timestamp, late: 0 }), null);
  fallback.start();
  return {
    says: (samples, timestamp) => told([{ name: "playing", data: { tab: { message: "m_1", samples, timestamp } } }]),
    plays: (from, until) => {
      for (let mediaTime = from; mediaTime < until; mediaTime += FRAME) {
        sounds.heard(encodeAudio({ kind: OPUS, stream: 1, mediaTime, frames: [new Uint8Array(1)], resent: false }).buffer);
        context.currentTime += FRAME / SECOND;
        playout.tick();
      }
      context.currentTime += 1; // all of it sounded
      playout.tick();
    },
    back: () => {
      sounds.back();
      playout.ready(true); // as `Voice.back`
    },
    heard: () => (playout.heard?.samples ?? 0) / SECOND,
  };
}

test("what is heard over a new connection counts from where its stream begins", () => {
  const { says, plays, back, heard } = page();
  says(0, 0);
  plays(0, 29 * SECOND);
  expect(heard()).toBe(29);
  back();
  expect(heard()).toBe(29);
  says(29 * SECOND, 0);
  plays(0, 10 * SECOND);
  expect(heard()).toBe(39);
});

test("what the stream of the connection before was told to play is nothing of the next one's", () => {
  const { says, plays, back, heard } = page();
  says(10 * SECOND, SECOND);
  plays(0, 3 * SECOND);
  expect(heard()).toBe(12);
  back();
  says(12 * SECOND, 0);
  plays(0, 2 * SECOND);
  expect(heard()).toBe(14);
});
