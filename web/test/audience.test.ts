import { expect, test } from "vitest";
import { Attention, HIDDEN_MS } from "../src/client/attention";
import { audience, type Attendee } from "../src/client/audience";
import { evolve, fold } from "../src/client/fold";
import type { Event } from "../src/client/generated";
import { emptyState } from "../src/client/state";
import type { View } from "../src/client/view";
import { one } from "./vectors";

interface Vector {
  events: Event[];
  audiences: Record<string, Attendee[]>;
}

test("who is there and attends is what the vectors say", () => {
  const { events, audiences } = one<Vector>("audience/all.json");
  let state = emptyState();
  for (const event of events) {
    ({ state } = evolve(state, event));
    expect(audience(state)).toEqual(audiences[String(event.offset)]);
  }
});

const OPENED: Event[] = [
  { type: "participant_joined", by: "ada", offset: 1, time: 1, participant: "ada", role: "user" },
  { type: "attachment_opened", by: "ada", offset: 2, time: 1, participant: "ada", attachment: "tab" },
];
const view = (...more: Event[]): View =>
  ({ state: fold([...OPENED, ...more]), phase: "live", participant: "ada", attachment: "tab" }) as unknown as View;
const said = (attentive: boolean): Event => ({ type: "attention_changed", by: "ada", offset: 3, time: 1, attachment: "tab", attentive });

test("a page that was hidden long enough says so, once, and at once when it is seen", () => {
  const page = new Attention();
  page.shown(false, 0);
  expect(page.wait(0)).toBe(HIDDEN_MS);
  expect(page.due(view(), HIDDEN_MS - 1)).toBeNull();
  expect(page.due(view(), HIDDEN_MS)).toEqual({ type: "change_attention", attentive: false });
  expect([page.due(view(), HIDDEN_MS), page.wait(HIDDEN_MS)]).toEqual([null, null]);
  expect(page.due(view(said(false)), HIDDEN_MS)).toBeNull();
  page.shown(true, HIDDEN_MS + 1);
  expect(page.due(view(said(false)), HIDDEN_MS + 1)).toEqual({ type: "change_attention", attentive: true });
});

test("a glance at another tab is not said, and what was said too late is taken back", () => {
  const page = new Attention();
  page.shown(false, 0);
  page.shown(true, HIDDEN_MS - 1);
  expect(page.due(view(), HIDDEN_MS * 9)).toBeNull();
  page.shown(false, 0);
  expect(page.due(view(), HIDDEN_MS)).not.toBeNull();
  page.shown(true, HIDDEN_MS); // before the log has it
  expect(page.due(view(), HIDDEN_MS)).toBeNull();
  expect(page.due(view(said(false)), HIDDEN_MS)).toEqual({ type: "change_attention", attentive: true });
});

test("an operator's page, and one that is not connected, say nothing", () => {
  const page = new Attention();
  page.shown(false, 0);
  const desk = { ...view(), state: fold([{ ...OPENED[0], role: "operator" } as Event, OPENED[1] as Event]) };
  expect(page.due(desk, HIDDEN_MS)).toBeNull();
  expect(page.due({ ...view(), phase: "waiting" }, HIDDEN_MS)).toBeNull();
  page.shown(true, HIDDEN_MS);
  expect(page.due(view(), HIDDEN_MS)).toBeNull();
});
