import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Microphone } from "../src/voice/microphone";
import { memory } from "./memory";

class Track {
  enabled = true;
  stopped = false;
  onended: (() => void) | null = null;
  constructor(readonly device: string) {}
  stop(): void {
    this.stopped = true;
  }
}

/** What the browser gives, or why it refuses, for each device that is asked for; "" for the default. */
class Browser {
  readonly refuses = new Map<string, string>();
  readonly asked: string[] = [];
  readonly mediaDevices = {
    addEventListener: () => undefined,
    getUserMedia: ({ audio }: { audio: { deviceId?: { exact: string } } }): Promise<MediaStream> => {
      const device = audio.deviceId?.exact ?? "";
      this.asked.push(device);
      const name = this.refuses.get(device);
      return name === undefined ? Promise.resolve(given(device)) : Promise.reject(new DOMException("", name));
    },
  };
}

function given(device = ""): MediaStream {
  const tracks = [new Track(device)];
  return { getTracks: () => tracks, getAudioTracks: () => tracks } as unknown as MediaStream;
}

/** A page's sound: what takes a microphone in there. */
function context(source: () => unknown = () => ({ connect: () => undefined, disconnect: () => undefined })): AudioContext {
  return { createAnalyser: () => ({}), createMediaStreamSource: source } as unknown as AudioContext;
}

let browser: Browser;

beforeEach(() => {
  browser = new Browser();
  vi.stubGlobal("navigator", browser);
});
afterEach(() => void vi.unstubAllGlobals());

const trackOf = (microphone: Microphone): Track => microphone.track as unknown as Track;

describe("a microphone that is muted", () => {
  test("is muted after a reload, before anything is shown its track", async () => {
    const kept = memory();
    const before = new Microphone(context(), () => undefined, null, kept);
    await before.open();
    before.mute(true);
    const seen: boolean[] = [];
    const look = (): void => void (after.track !== null && seen.push(after.track.enabled));
    const source = (stream: MediaStream): unknown => {
      seen.push(stream.getAudioTracks()[0]?.enabled === true);
      return { connect: () => undefined, disconnect: () => undefined };
    };
    const after: Microphone = new Microphone(context(source as () => unknown), look, Promise.resolve(given()), kept);
    await after.open();
    expect([after.muted, after.state]).toEqual([true, "open"]);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen).not.toContain(true);
  });

  test("is not after one that was unmuted, or closed", async () => {
    for (const over of [(one: Microphone) => one.mute(false), (one: Microphone) => one.close()]) {
      const kept = memory();
      const before = new Microphone(context(), () => undefined, null, kept);
      await before.open();
      before.mute(true);
      over(before);
      expect(new Microphone(context(), () => undefined, null, kept).muted).toBe(false);
    }
  });

  test("stays so in the next call of its page, and then after a reload", async () => {
    const kept = memory();
    const before = new Microphone(context(), () => undefined, null, kept);
    await before.open();
    before.mute(true);
    before.close();
    await before.open();
    expect([before.muted, trackOf(before).enabled]).toEqual([true, false]);
    expect(new Microphone(context(), () => undefined, null, kept).muted).toBe(true);
  });
});

describe("another microphone that is chosen", () => {
  test.each(["NotAllowedError", "NotReadableError", "OverconstrainedError", "NotFoundError", "AbortError"])(
    "and refused with %s leaves the one that is heard",
    async (name) => {
      const microphone = new Microphone(context(), () => undefined);
      await microphone.open("good");
      const { track } = microphone;
      browser.refuses.set("bad", name);
      await microphone.open("bad");
      expect(microphone).toMatchObject({ state: "open", device: "good", refusedAnother: true, track });
      expect(trackOf(microphone).stopped).toBe(false);
      expect(browser.asked).toEqual(["good", "bad"]);
      await microphone.open("better");
      expect(microphone).toMatchObject({ state: "open", device: "better", refusedAnother: false });
      expect(trackOf(microphone).device).toBe("better");
    },
  );

  test("and refused once the choice after it is made too leaves the one that is heard, not the choice between", async () => {
    const microphone = new Microphone(context(), () => undefined);
    await microphone.open("good");
    browser.refuses.set("bad", "NotReadableError").set("worse", "NotReadableError");
    await Promise.all([microphone.open("bad"), microphone.open("worse")]);
    expect(microphone).toMatchObject({ state: "open", device: "good", refusedAnother: true });
  });

  test.each(["NotReadableError", "NotFoundError"])("and refused with %s while none is open is the default one", async (name) => {
    const microphone = new Microphone(context(), () => undefined);
    browser.refuses.set("bad", name);
    await microphone.open("bad");
    expect(microphone).toMatchObject({ state: "open", device: "", refusedAnother: false });
  });

  test.each([["NotAllowedError", "denied"], ["NotReadableError", "absent"]])("and %s while none is open is %s if the default one is too", async (name, state) => {
    const microphone = new Microphone(context(), () => undefined);
    browser.refuses.set("bad", name).set("", name);
    await microphone.open("bad");
    expect(microphone).toMatchObject({ state, track: null });
  });
});

test("a microphone that this page cannot hear itself is open, and sent", async () => {
  const refuses = (): never => {
    throw new DOMException("", "NotSupportedError");
  };
  const microphone = new Microphone(context(refuses), () => undefined);
  await microphone.open();
  expect([microphone.state, microphone.refusedAnother, microphone.level()]).toEqual(["open", false, 0]);
  expect(microphone.given).not.toBeNull();
});
