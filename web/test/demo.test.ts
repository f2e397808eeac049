import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fold } from "../src/client/fold";
import type { Event } from "../src/client/generated";
import { blocksOf } from "../src/demo/markdown";
import { loudness } from "../src/demo/meter";
import { nameOf } from "../src/demo/names";
import { heldBy } from "../src/demo/held";
import { comebackText, entryNow, noteOf, noticeText } from "../src/demo/notes";
import { textOf } from "../src/demo/recital";
import { pairsOf } from "../src/demo/tool_card";

describe("markdown", () => {
  test("plain words are one block, every character in its place", () => {
    const plain = fc.string({ unit: fc.constantFrom("a", " ", "é", "𝄞", ".", "<", "&"), minLength: 1 });
    fc.assert(fc.property(plain, (words) => {
      expect(blocksOf(words)).toEqual([{ kind: "text", text: words }]);
    }));
  });

  test("blocks are told apart", () => {
    const text = "# Title\nwords\nmore\n\n- one\n- two\n\n1. first\n```js\n- not a list\n\n<b>\n```\nend";
    expect(blocksOf(text)).toEqual([
      { kind: "heading", text: "# Title" },
      { kind: "text", text: "words\nmore" },
      { kind: "list", text: "- one\n- two" },
      { kind: "ordered", text: "1. first" },
      { kind: "code", text: "- not a list\n\n<b>" },
      { kind: "text", text: "end" },
    ]);
  });

  test("whatever grows, blocks before the last stay as they are", () => {
    const line = fc.constantFrom("words", "- one", "1. one", "# T", "", "a *b* `c`");
    fc.assert(fc.property(fc.array(line, { minLength: 1 }), (lines) => {
      const text = lines.join("\n");
      const whole = blocksOf(text);
      const shorter = blocksOf(text.slice(0, -1));
      expect(whole.slice(0, Math.max(0, shorter.length - 1))).toEqual(shorter.slice(0, -1));
    }));
  });
});

const joined = (participant: string, name: string): Event => ({ type: "participant_joined", by: "hub", participant, role: "user", name, offset: 1, time: 1 });

test("people are called by their names, and myself is You", () => {
  const state = fold([joined("p_ada", "Ada"), joined("p_xyz123", "You")]);
  expect(["p_ada", "p_me", "p_xyz123", "agent:concierge"].map((id) => nameOf(state, id, "p_me"))).toEqual(["Ada", "You", "Guest xyz1", "concierge"]);
});

describe("marks in the margin", () => {
  const state = fold([joined("p_ada", "Ada"), { type: "message_started", by: "p_ada", message: "m", offset: 2, time: 1 }]);

  test("they stand beside what was being said", () => {
    expect(entryNow(state)).toBe("m");
    expect(entryNow(fold([]))).toBe("");
  });

  test("that a person is wanted, no more, and did not come", () => {
    const asked: Event = { type: "human_requested", by: "p_me", request: "q", reason: "a refund" };
    const ended = (how: "accepted" | "rejected"): Event => ({ type: "reservation_ended", by: "hub", request: "q", participant: "p_ada", how });
    expect(noteOf(asked, state, "p_me", "a_me")).toBe("You asked for a person");
    expect(noteOf({ type: "human_request_withdrawn", by: "p_me", request: "q" }, state, "p_me", "a_me")).toBe("no person is wanted any more");
    expect(noteOf(ended("rejected"), state, "p_me", "a_me")).toBe("Ada could not come: you keep your place");
    expect(noteOf(ended("accepted"), state, "p_me", "a_me")).toBe("");
  });

  test("my own change of modality is one, that of others is none", () => {
    const changed = (attachment: string, takes: ("text" | "audio")[]): Event => ({ type: "modality_changed", by: "p", attachment, takes, gives: ["text"] });
    expect(noteOf(changed("a_me", ["text"]), state, "p_me", "a_me", true)).toBe("switched to text");
    expect(noteOf(changed("a_me", ["text", "audio"]), state, "p_me", "a_me", false)).toBe("switched to voice");
    expect(noteOf(changed("a_other", ["text"]), state, "p_me", "a_me", true)).toBe("");
  });

  test("what a device took before is no change of it: a copy of a tab that talks, a microphone that is muted", () => {
    const changed = (takes: ("text" | "audio")[]): Event => ({ type: "modality_changed", by: "p", attachment: "a_me", takes, gives: ["text"] });
    expect(noteOf(changed(["text"]), state, "p_me", "a_me", false)).toBe("");
    expect(noteOf(changed(["text", "audio"]), state, "p_me", "a_me", true)).toBe("");
  });

  test("an agent that comes for the first time is no news", () => {
    const granted = (token: number): Event => ({ type: "right_granted", by: "hub", right: "worker:concierge", holder: "agent:concierge", token });
    expect(noteOf(granted(1), state, "p_me", "a_me")).toBe("");
    expect(noteOf(granted(2), state, "p_me", "a_me")).toBe("concierge is back");
  });

  test("that an answer waited because nobody was there is news, that somebody paused it is not", () => {
    const asked = (by: string, what: "pause" | "continue" | "steer"): Event => ({ type: "steering_requested", by, response: "r", asked: what, text: "" });
    expect(noteOf(asked("hub", "pause"), state, "p_me", "a_me")).toBe("nobody was here: the answer waited");
    expect(noteOf(asked("hub", "continue"), state, "p_me", "a_me")).toBe("it goes on");
    expect(noteOf(asked("p_me", "pause"), state, "p_me", "a_me")).toBe("");
  });

  test("who is put on hold is told by whom, and whoever helps is told whom they keep waiting", () => {
    const there = fold([joined("p_ada", "Ada"), { ...joined("p_olga", "Olga"), role: "operator", offset: 2 }]);
    const held: Event = { type: "users_held", by: "p_olga", offset: 3, time: 2 };
    const state = fold([held], there);
    expect(noteOf(held, state, "p_ada", "a_me")).toBe("Olga put you on hold");
    expect(noteOf(held, state, "p_olga", "a_olga")).toBe("You put the user on hold");
    expect([heldBy(state, "p_ada"), heldBy(state, "p_olga"), heldBy(there, "p_ada")]).toEqual(["p_olga", "", ""]);
    const released: Event = { type: "users_released", by: "p_olga", offset: 4, time: 3 };
    expect(noteOf(released, fold([released], state), "p_ada", "a_me")).toBe("the hold is over");
    expect(heldBy(fold([released], state), "p_ada")).toBe("");
  });

  test("they say how long and how much", () => {
    expect(comebackText(9.4, 0)).toBe("back after 9 ms");
    expect(comebackText(9.4, 1)).toBe("back after 9 ms, 1 event caught up");
    expect(comebackText(12_345, 7)).toBe("back after 12 s, 7 events caught up");
  });
});

test("a ticket in other hands is told of by what was tried with it", () => {
  expect(noticeText({ type: "notice", reason: "ticket_misused", ticket: "call" })).toContain("tried to call as you");
  expect(noticeText({ type: "notice", reason: "ticket_misused" })).toContain("tried to come in as you");
});

test("tool arguments are shown as pairs, and broken JSON as it is", () => {
  expect(pairsOf('{"number":"4711","amount":84.5}')).toEqual([["number", "4711"], ["amount", "84.5"]]);
  expect(pairsOf("[1]")).toEqual([["", "[1]"]]);
  expect(pairsOf("{")).toEqual([["", "{"]]);
  expect(pairsOf("")).toEqual([]);
});

test("the words of a message leave reasoning out", () => {
  expect(textOf({ parts: [{ kind: "reasoning", text: "hm" }, { text: "a" }, { kind: "image" }, { text: "b" }] })).toBe("ab");
});

test("loudness is heard in decibels", () => {
  expect([loudness(0), loudness(0.001), loudness(1), loudness(2)]).toEqual([0, 0, 1, 1]);
  expect(loudness(0.1)).toBeCloseTo(2 / 3);
});
