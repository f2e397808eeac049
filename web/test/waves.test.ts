import { describe, expect, test } from "vitest";
import { shownOf, SHOWN, Waves, waveOf } from "../src/console/waves";
import { filled } from "../src/client/state";
import type { Message } from "../src/client";
import type { Clip } from "../src/demo/replay";

function said(id: string, fields: Partial<Message> = {}): Message {
  return filled("Message", { id, by: "p", at: 1, ordinal: 1, speech_track: "t", ...fields });
}

function clip(message: string, seconds: number): Clip {
  const buffer = { duration: seconds, getChannelData: () => new Float32Array(480).fill(0.5) } as unknown as AudioBuffer;
  return { message, person: false, recital: { track: "t", points: [] }, buffer };
}

describe("the timeline", () => {
  test("shows the newest messages that ended and sound", () => {
    const many = Array.from({ length: SHOWN + 3 }, (_, place) => said(`m${place}`));
    expect(shownOf(many).map((one) => one.id)).toEqual(many.slice(3).map((one) => one.id));
    expect(shownOf([said("open", { ordinal: 0 }), said("silent", { speech_track: "" }), said("part", { aside: "price" })])).toEqual([]);
  });

  test("a message has a few bars, however long it is", () => {
    expect(waveOf(new Float32Array(8), 0.1, true).bars.length).toBe(6);
    const long = waveOf(new Float32Array(48_000).fill(0.9), 3_600, false);
    expect(long.bars.length).toBe(96);
    expect(Math.max(...long.bars)).toBe(1);
  });

  test("fetches one sound at a time, each once, and again what failed", async () => {
    const asked: string[] = [];
    let at = 0;
    let fails = true;
    const waves = new Waves(async (message) => {
      asked.push(message);
      at += 1;
      expect(at).toBe(1);
      await Promise.resolve();
      at -= 1;
      if (message === "b" && fails) throw new Error("busy");
      return message === "none" ? null : clip(message, 1);
    });
    const all = await Promise.allSettled(["a", "b", "none", "a"].map((one) => waves.of(one)));
    expect(all.map((one) => one.status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    expect(asked).toEqual(["a", "b", "none"]);
    expect(await waves.of("none")).toBeNull();
    fails = false;
    expect((await waves.of("b"))?.bars.length).toBe(8);
    expect(asked).toEqual(["a", "b", "none", "b"]);
  });

  test("keeps the bars of two hundred messages and no more", async () => {
    const asked: string[] = [];
    const waves = new Waves((message) => {
      asked.push(message);
      return Promise.resolve(clip(message, 1));
    });
    for (let place = 0; place < 201; place += 1) await waves.of(`m${place}`);
    await waves.of("m200");
    expect(asked.length).toBe(201);
    await waves.of("m0");
    expect(asked.length).toBe(202);
  });
});
