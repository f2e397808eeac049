import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { filled, emptyState, stoppable } from "../src/client/state";
import type { Event, SpeechQueued } from "../src/client";
import { characterAt, endOf, momentOf, recitals, spokenBy, startOf, type Recital } from "../src/demo/recital";
import { peaks } from "../src/demo/replay_strip";
import { readableUntil, Speaking } from "../src/demo/speaking";
import { placeOf, places, wordAround, wordAt } from "../src/demo/word_at";

function said(track: string, start: number, end: number, characters: number): SpeechQueued {
  return { type: "speech_queued", by: "hub", message: "m", track, start, end, characters };
}

function recitalOf(...events: SpeechQueued[]): Recital {
  const found = recitals(events, new Map()).get("m");
  if (found === undefined) throw new Error("nothing was said");
  return found;
}

describe("where a word sounds", () => {
  test("an agent's word is where its share of the characters puts it", () => {
    const recital = recitalOf(said("t", 1000, 2000, 10), said("t", 1000, 4000, 20));
    expect([0, 5, 10, 15, 20, 99].map((at) => momentOf(recital, at))).toEqual([1000, 1500, 2000, 3000, 4000, 4000]);
    expect([0, 1000, 1500, 3000, 9999].map((at) => characterAt(recital, at))).toEqual([0, 0, 5, 15, 20]);
  });

  test("a rest that was said after a break begins after the pause", () => {
    const recital = recitalOf(said("t", 0, 1000, 10), said("t", 5000, 6000, 20));
    expect([9, 10, 15].map((at) => momentOf(recital, at))).toEqual([900, 5000, 5500]);
    expect(characterAt(recital, 3000)).toBe(10);
  });

  test("what is said anew on another track begins anew", () => {
    expect(recitalOf(said("t", 0, 1000, 10), said("u", 70, 90, 4))).toEqual({ track: "u", points: [{ at: 70, characters: 0 }, { at: 90, characters: 4 }] });
  });

  test("a person's words carry their times", () => {
    const spoken = { track: "t", start: 100, end: 900, words: [["my", 200, 300], ["order", 400, 800]] as [string, number, number][] };
    const recital = spokenBy(filled("Message", { id: "m", by: "p", at: 1, spoken }), "my order");
    expect(recital).not.toBeNull();
    expect([0, 3, 5].map((at) => momentOf(recital as Recital, at))).toEqual([200, 400, 560]);
    expect(spokenBy(filled("Message", { id: "m", by: "p", at: 1, spoken: null }), "typed")).toBeNull();
  });

  test("whatever the log says, time and text go forward, and no moment is outside the sound", () => {
    const number = fc.integer({ min: 0, max: 5_000 });
    const events = fc.array(fc.tuple(number, number, fc.integer({ min: 0, max: 90 })), { minLength: 1 });
    fc.assert(fc.property(events, fc.integer({ min: -2, max: 99 }), (all, character) => {
      const recital = recitalOf(...all.map(([start, length, characters]) => said("t", start, start + length, characters)));
      recital.points.slice(1).forEach((point, before) => {
        expect(point.at).toBeGreaterThanOrEqual(recital.points[before]?.at ?? 0);
        expect(point.characters).toBeGreaterThanOrEqual(recital.points[before]?.characters ?? 0);
      });
      const at = momentOf(recital, character);
      expect(at).toBeGreaterThanOrEqual(startOf(recital));
      expect(at).toBeLessThanOrEqual(endOf(recital));
      expect(momentOf(recital, character + 1)).toBeGreaterThanOrEqual(at);
    }));
  });
});

describe("which word was pointed at", () => {
  test("markup that is not shown moves no word", () => {
    const source = "Say **two words** and `code`";
    const shown = "Say two words and code";
    expect(source.slice(places(shown, source)[8])).toBe("words** and `code`");
    expect(wordAt(shown, source, 10)).toBe(10);
    expect(shown.slice(placeOf(shown, source, 10))).toBe("words and code");
  });

  test("characters beyond the basic plane count once", () => {
    expect(wordAt("𝄞𝄞 next", "𝄞𝄞 next", 6)).toBe(3);
    expect(placeOf("𝄞𝄞 next", "𝄞𝄞 next", 3)).toBe(5);
  });

  test("a word is what stands between spaces", () => {
    const text = "one two  three";
    expect([0, 5, 7, 8, 12].map((place) => text.slice(...wordAround(text, place)))).toEqual(["one", "two", "two", "two", "three"]);
  });

  test("of plain words every place is its own", () => {
    fc.assert(fc.property(fc.string(), (text) => {
      expect(places(text, text)).toEqual([...text.split("").keys()]);
    }));
  });
});

describe("what is being said", () => {
  const queued = said("t", 0, 10, 1);
  const heard = (final: boolean): Event => ({ type: "heard_settled", by: "hub", message: "m", participant: "p", characters: 1, samples: 1, final });

  test("from the first sound to the settled end, and never again", () => {
    const speaking = new Speaking();
    expect(speaking.see([queued], 0)).toBe(true);
    expect(speaking.see([heard(false)], 1_000)).toBe(false);
    expect([...speaking.messages]).toEqual([["m", true]]);
    expect(speaking.see([heard(true)], 2_000)).toBe(true);
    expect(speaking.see([queued, heard(false)], 3_000)).toBe(false);
    expect([...speaking.messages]).toEqual([["m", false]]);
  });

  test("what nothing is heard of any more is not being said, and a call that ended says nothing", () => {
    const speaking = new Speaking();
    speaking.see([queued], 0);
    expect([speaking.expire(8_000), speaking.expire(8_001), speaking.messages.size]).toEqual([false, true, 0]);
    speaking.see([queued], 9_000);
    expect(speaking.see([{ type: "voice_ended", by: "hub", attachment: "a", call: "c", reason: "" }], 9_001)).toBe(true);
  });

  test("who listens reads to the end of the sentence that is being said", () => {
    const text = [..."One two. Three! 4.5 is a number"];
    expect([0, 7, 8, 9, 16].map((at) => text.slice(0, readableUntil(text, at)).join(""))).toEqual([
      "One two.", "One two.", "One two. Three!", "One two. Three!", "One two. Three! 4.5 is a number",
    ]);
  });

  test("an answer that ended can be stopped while it is unheard and somebody listens", () => {
    const message = filled("Message", { id: "m", by: "a", at: 1, response: "r", speech_end: 9, speech_characters: 5, status: "finished" });
    const listening = { a: filled("Attachment", { participant: "p", call: "c" }) };
    const state = { ...emptyState(), entries: { m: message }, attachments: listening };
    expect(stoppable(state)).toEqual(["r"]);
    expect(stoppable({ ...state, attachments: {} })).toEqual([]);
    expect(stoppable({ ...state, entries: { m: { ...message, heard: { p: 5 } } } })).toEqual([]);
    expect(stoppable({ ...state, entries: { m: { ...message, heard: { p: 4 } } } })).toEqual(["r"]);
  });
});

test("a waveform has the loudest of each piece, and silence where there is no more", () => {
  const samples = new Float32Array(80);
  samples[0] = -0.5;
  samples[48] = 0.25;
  expect(peaks(samples, 2)).toEqual([0.5, 0.25]);
  expect(peaks(new Float32Array(0), 3)).toEqual([0, 0, 0]);
});
