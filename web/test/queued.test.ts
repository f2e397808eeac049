import { describe, expect, test } from "vitest";
import { Queued } from "../src/client/queued";
import { emptyState, filled } from "../src/client/state";

const waits = (id: string) => ({ ...emptyState(), asking: filled("Asking", { id, by: "ada", since: 1 }) });
const said = (place: unknown, request: unknown = "q_1", by = "hub", name = "queue") => ({ by, name, data: { request, place } });

describe("where one stands in the queue", () => {
  test("is that of the request that waits", () => {
    const queued = new Queued();
    expect(queued.place(waits("q_1"))).toBe(0);
    expect(queued.told([said(3)])).toBe(true);
    expect([queued.place(waits("q_1")), queued.place(emptyState()), queued.place(waits("q_2"))]).toEqual([3, 0, 0]);
    expect(queued.told([said(3)])).toBe(false);
    expect(queued.told([said(2)])).toBe(true);
    expect(queued.place(waits("q_1"))).toBe(2);
  });

  test("is not what others say, nor what makes no sense", () => {
    const queued = new Queued();
    const strange = [said(1, "q_1", "p_eve"), said(1, "q_1", "hub", "typing"), said("1"), said(1, 7), { by: "hub", name: "queue" }, { by: "hub", name: "queue", data: null }];
    expect(queued.told(strange)).toBe(false);
  });
});
