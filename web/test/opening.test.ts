import { expect, test } from "vitest";
import { emptyState } from "../src/client/state";
import { answers } from "../src/console/opening";

test("who answers goes on answering while another session is looked at and while the connection is lost, not where it has ended", () => {
  const mine = { state: { ...emptyState(), responder: "me" }, participant: "me" };
  expect((["live", "waiting", "greeting", "ended"] as const).map((phase) => answers({ ...mine, phase }))).toEqual([true, true, true, false]);
  expect(answers({ ...mine, participant: "you", phase: "live" })).toBe(false);
});

test("nobody answers a session that is not there yet", () => {
  expect(answers({ state: emptyState(), participant: "", phase: "opening" })).toBe(false);
});
