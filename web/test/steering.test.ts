import { expect, test } from "vitest";
import { fold, type Event } from "../src/client";
import { heeded, NOTHING_ASKED, pausing, stopping } from "../src/console/steering";

const AGENT = "agent:concierge";
const BEGINNING: Event[] = [
  { type: "participant_joined", by: "hub", participant: "olga", role: "operator", name: "Olga", offset: 1, time: 1 },
  { type: "participant_joined", by: "hub", participant: AGENT, role: "agent", offset: 2, time: 1 },
  { type: "responder_changed", by: "hub", participant: AGENT, reason: "accepted", offset: 3, time: 1 },
  { type: "response_started", by: AGENT, response: "r", offset: 4, time: 1 },
];

/** What is said after each of these, as the console of `me` shows it. */
function told(events: readonly Event[], me = "olga"): string[] {
  let state = fold(BEGINNING);
  let asked = NOTHING_ASKED;
  return events.map((event) => {
    state = fold([{ ...event, offset: state.offset + 1, time: 2 }], state);
    asked = heeded(asked, event, state, me);
    return asked.said;
  });
}

const ask = (asked: "pause" | "continue" | "steer"): Event => ({ type: "steering_requested", by: "olga", response: "r", asked, text: "shorter" });
const answer = (asked: "pause" | "continue" | "steer", done: boolean, detail = "", by = AGENT): Event => ({ type: "steering_answered", by, response: "r", asked, done, detail });
const cancel: Event = { type: "cancel_requested", by: "olga", response: "r" };
const end = (outcome: "cancelled" | "finished"): Event => ({ type: "response_ended", by: AGENT, response: "r", outcome });

test("what came of a pause and of a direction is what the agent says it did", () => {
  expect(told([ask("pause"), answer("pause", true), ask("continue"), answer("continue", true)])).toEqual([
    "You asked the agent to wait…",
    "concierge waits.",
    "You asked the agent to go on…",
    "concierge goes on.",
  ]);
  expect(told([ask("steer"), answer("steer", true, "from the next sentence on")]).at(-1)).toBe("concierge goes another way: from the next sentence on.");
  expect(told([ask("steer"), answer("steer", false, "it takes no directions")]).at(-1)).toBe("concierge did not do it: it takes no directions.");
  expect(told([ask("pause"), answer("pause", true, "the sound waits", "hub")]).at(-1)).toBe("The sound waits.");
  expect(told([ask("pause")], "ben")).toEqual(["Olga asked the agent to wait…"]);
});

test("a stop has come when the answer has ended, and not before; one that came too late is told as such", () => {
  expect(told([cancel, end("cancelled")])).toEqual(["You asked the agent to stop…", "concierge stopped."]);
  expect(told([cancel, end("finished")]).at(-1)).toBe("concierge had said all of it already.");
  expect(told([end("finished"), cancel])).toEqual(["", "What was still heard of it stopped."]);
});

test("what can be stopped and paused is what goes on, and nothing when nothing does", () => {
  const state = fold(BEGINNING);
  expect([stopping(state), pausing(state)]).toEqual([[{ type: "cancel_response", response: "r" }], [{ type: "pause_response", response: "r" }]]);
  const paused = fold([{ ...ask("pause"), offset: 5, time: 2 }], state);
  expect(pausing(paused)).toEqual([{ type: "continue_response", response: "r" }]);
  const over = fold([{ ...end("finished"), offset: 5, time: 2 }], state);
  expect([stopping(over), pausing(over)]).toEqual([[], []]);
});
