import { describe, expect, test } from "vitest";
import { decodeAudio, encodeAudio, stamped } from "../src/voice/envelope";
import { Unacked, type Run, type Stretch } from "../src/voice/unacked";
import { cases, one } from "./vectors";

interface Vector {
  name: string;
  hex: string;
  kind: 1 | 2;
  stream: number;
  media_time: number;
  resent: boolean;
  frames: string[];
}

const bytes = (hex: string): Uint8Array<ArrayBuffer> => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hex = (data: Uint8Array): string => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
const audio = one<{ valid: Vector[]; invalid: Vector[] }>("wire/audio.json");

describe("binary envelopes of the vectors", () => {
  test.each(audio.valid)("$name", (vector) => {
    const found = decodeAudio(bytes(vector.hex).buffer);
    if (found === null) throw new Error("not read");
    expect({ ...found, frames: found.frames.map(hex) }).toEqual({
      kind: vector.kind,
      stream: vector.stream,
      mediaTime: vector.media_time,
      frames: vector.frames,
      resent: vector.resent,
    });
    expect(hex(encodeAudio(found))).toBe(vector.hex);
  });
  test.each(audio.invalid)("none: $name", (vector) => {
    expect(decodeAudio(bytes(vector.hex).buffer)).toBeNull();
  });
});

describe("frames that carry their media time", () => {
  test.each(one<{ valid: { name: string; packet: string; media_time: number; hex: string }[] }>("wire/stamp.json").valid)(
    "$name",
    ({ packet, media_time, hex: whole }) => {
      expect(hex(stamped(bytes(packet), media_time))).toBe(whole);
    },
  );
});

interface Step {
  do: string;
  now?: number;
  media_time?: number;
  samples?: number;
  frame?: string;
  until?: number;
  missing?: Stretch[];
  answer?: unknown;
}

const plain = (runs: readonly Run[]): unknown => runs.map((run) => [run.mediaTime, run.frames.map(hex)]);

function answer(unacked: Unacked, step: Step): unknown {
  const { now = 0, media_time = 0, samples = 0, frame = "", until = 0, missing = [] } = step;
  switch (step.do) {
    case "capture":
      return unacked.capture(media_time, samples, bytes(frame), now);
    case "acked": {
      const { runs, lacking } = unacked.acked(until, missing, now);
      return { runs: plain(runs), lacking };
    }
    case "opened":
      return plain(unacked.opened(now));
    case "late":
      return plain(unacked.late(now));
    case "closed":
      unacked.closed();
      return [unacked.since, unacked.end];
    case "next_deadline":
      return unacked.nextDeadline();
    default:
      throw new Error(`unknown step ${step.do}`);
  }
}

describe("unacknowledged sound of the vectors", () => {
  test.each(cases<{ steps: Step[] }>("unacked"))("$name", ({ vector }) => {
    const unacked = new Unacked();
    for (const step of vector.steps) expect({ ...step, answer: answer(unacked, step) }).toEqual(step);
  });
});
