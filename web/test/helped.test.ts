import { expect, test } from "vitest";
import type { Entry } from "../src/client";
import { fold } from "../src/client";
import { helpedLines } from "../src/demo/helped";

const log = [
  { type: "participant_joined", by: "hub", participant: "olga", role: "operator", name: "Olga" },
  { type: "responder_changed", by: "olga", participant: "olga", reason: "taken_over" },
  { type: "message_posted", by: "olga", message: "m1", parts: [{ text: "on Monday" }] },
  { type: "promise_made", by: "olga", promise: "p1", text: "money on Monday" },
  { type: "responder_changed", by: "olga", participant: "", reason: "handed_back", briefing: "calm\nagain" },
  { type: "message_posted", by: "bot", message: "m2", parts: [{ text: "hello" }] },
].map((event, place) => ({ ...event, offset: place + 1, time: place * 10_000 }));

test("a person's stretch is one line, after what was said last in it", () => {
  const state = fold(log);
  const entries = Object.values(state.entries).sort((a, b) => a.at - b.at) as Entry[];
  const lines = helpedLines(state, entries, "p_ada");
  expect([...lines]).toEqual([["m1", ["Olga answered for 0:30 · calm again · promised: money on Monday"]]]);
  expect([...helpedLines(state, [], "olga").keys()]).toEqual([""]);
});
