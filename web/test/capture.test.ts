import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { DownAttached } from "../src/client/aliases";
import { Sounds } from "../src/client/sounds";
import { Capture } from "../src/voice/capture";
import { CaptureClock, FRAME } from "../src/voice/clock";
import { MOST_WAITING, Outgoing } from "../src/voice/outgoing";

const MS = 1_000;

/** The media times of all frames that came out, the encoder giving one for each 20 ms it was fed. */
function times(pieces: [timestamp: number, samples: number][], rate: number): number[] {
  const clock = new CaptureClock();
  const found: number[] = [];
  let fed = 0;
  for (const [timestamp, samples] of pieces) {
    fed += clock.take(timestamp, samples, rate).silence + samples;
    for (; fed >= rate / 50; fed -= rate / 50) found.push(clock.encoded());
  }
  return found;
}

describe("the capture's clock", () => {
  test("counts frames of what comes in pieces of any size", () => {
    expect(times([[0, 480], [10 * MS, 480], [20 * MS, 480], [30 * MS, 960]], 48_000)).toEqual([0, FRAME]);
    expect(times([[0, 882], [20 * MS, 882]], 44_100)).toEqual([0, FRAME]);
  });

  test("does not believe jitter, nor that time goes back", () => {
    expect(times([[0, 960], [35 * MS, 960], [25 * MS, 960], [60 * MS, 960]], 48_000)).toEqual([0, FRAME, 2 * FRAME, 3 * FRAME]);
  });

  test("leaves a hole of whole frames where sound is missing", () => {
    expect(times([[0, 960], [120 * MS, 960]], 48_000)).toEqual([0, 6 * FRAME]);
  });

  test("fills up the frame that was open when sound went missing", () => {
    const clock = new CaptureClock();
    clock.take(0, 480, 48_000);
    expect(clock.take(110 * MS, 960, 48_000).silence).toBe(480);
    expect([clock.encoded(), clock.encoded()]).toEqual([0, 5 * FRAME]);
  });

  test("goes on with another rate at the next frame", () => {
    const clock = new CaptureClock();
    clock.take(0, 960, 48_000);
    clock.take(20 * MS, 320, 16_000);
    expect([clock.encoded(), clock.encoded()]).toEqual([0, FRAME]);
    expect(clock.now).toBe(2 * FRAME);
  });

  test.each([-200, 200])("of a device that is off by %d ppm makes no hole and doubles nothing in an hour, and still sees one", (ppm) => {
    const clock = new CaptureClock();
    const piece = (20 * MS * 1_000_000) / (1_000_000 + ppm);
    const hour = 180_000;
    let next = 0;
    for (let number = 0; number < hour; number++) {
      const { silence } = clock.take(Math.round(number * piece), 960, 48_000); // `expect` would take seconds here
      if (silence !== 0 || clock.encoded() !== next) throw new Error(`frame ${number} is not at its place`);
      next += FRAME;
    }
    clock.take(Math.round(hour * piece) + 200 * MS, 960, 48_000);
    expect(clock.encoded()).toBe(next + 10 * FRAME);
  });

  test("never stands still, and stays with the time", () => {
    const pieces = fc.array(fc.tuple(fc.constantFrom(480, 960, 441), fc.constantFrom(0, 0, 0, 5, 30, 1_000)));
    fc.assert(
      fc.property(pieces, (found) => {
        let at = 0;
        const fed = found.map(([samples, lost]): [number, number] => {
          at += lost * MS;
          const piece: [number, number] = [at, samples];
          at += (samples * 1_000_000) / 48_000;
          return piece;
        });
        const seen = times(fed, 48_000);
        expect(seen.every((time, index) => index === 0 || time >= (seen[index - 1] ?? 0) + FRAME)).toBe(true);
        expect(seen.every((time) => time % FRAME === 0)).toBe(true);
        expect((seen.at(-1) ?? 0) * (1_000 / 48)).toBeLessThanOrEqual(at + 20 * MS * found.length);
      }),
    );
  });
});

describe("frames on their way into packets", () => {
  const frame = (n: number): { mediaTime: number; frame: Uint8Array<ArrayBuffer> } => ({ mediaTime: n * FRAME, frame: new Uint8Array() });

  test("go in their order, one for one", () => {
    const outgoing = new Outgoing();
    outgoing.put(frame(0));
    outgoing.put(frame(1));
    expect([outgoing.next(), outgoing.next(), outgoing.next()].map((one) => one?.mediaTime)).toEqual([0, FRAME, undefined]);
  });

  test("do not wait for ever behind each other", () => {
    const outgoing = new Outgoing();
    const delays: number[] = [];
    for (const n of [0, 1, 2]) outgoing.put(frame(n));
    for (let n = 3; n < 203; n++) {
      outgoing.put(frame(n));
      delays.push(n - (outgoing.next()?.mediaTime ?? 0) / FRAME);
    }
    expect(delays[0]).toBe(3);
    expect(delays.at(-1)).toBe(0);
  });

  test("are none of the next capture's", () => {
    const outgoing = new Outgoing();
    for (const n of [7, 8, 9]) outgoing.put(frame(n));
    outgoing.clear();
    expect(outgoing.next()).toBe(undefined);
    outgoing.put(frame(0));
    expect(outgoing.next()?.mediaTime).toBe(0);
  });

  test("are never more than a bound", () => {
    const outgoing = new Outgoing();
    for (let n = 0; n < 100; n++) outgoing.put(frame(n));
    expect(outgoing.next()?.mediaTime).toBe((100 - MOST_WAITING) * FRAME);
  });
});

describe("a connection in a call's place", () => {
  afterEach(() => void vi.unstubAllGlobals());

  test.each([
    ["one that takes sound, of a hub that knows of captures", true, true, true],
    ["never a stream, which carries text", false, true, false],
    ["never one of a hub that knows nothing of captures", true, false, false],
  ])("%s", (_, carries, captures, portable) => {
    vi.stubGlobal("AudioDecoder", class {});
    const sounds = new Sounds(() => ({ captures }) as DownAttached, () => true, () => carries, () => carries);
    const worker = { postMessage: () => undefined } as unknown as Worker;
    expect(new Capture(sounds, () => false, worker).portable).toBe(portable);
  });
});
