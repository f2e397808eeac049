import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Swallowed } from "../src/voice/swallowed";

/** What was done to the page's sound. */
function page(): { done: string[]; swallowed: Swallowed } {
  const done: string[] = [];
  const output = { hold: (why: string, held: boolean) => void done.push(`${held ? "hold" : "release"} ${why}`) };
  const playout = { lose: (lost: boolean) => void done.push(lost ? "lose" : "find"), ready: () => void done.push("tell anew") };
  return { done, swallowed: new Swallowed(output, playout) };
}

describe("a path that is lost while the session is away", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("is not heard again before there is another, for the hub spoke on into it", () => {
    const { done, swallowed } = page();
    swallowed.lost();
    swallowed.lost();
    swallowed.returned();
    vi.advanceTimersByTime(5_000);
    expect([swallowed.pending, done]).toEqual([true, ["lose", "hold lost"]]);
    swallowed.over();
    swallowed.over();
    expect([swallowed.pending, done.slice(2)]).toEqual([false, ["find", "release lost"]]);
    vi.advanceTimersByTime(60_000);
    expect(done).toHaveLength(4);
  });

  test("is heard as it comes if the session does not come back", () => {
    const { done, swallowed } = page();
    swallowed.lost();
    vi.advanceTimersByTime(60_000);
    expect(swallowed.pending).toBe(true);
    swallowed.returned();
    vi.advanceTimersByTime(9_000);
    swallowed.returned();
    vi.advanceTimersByTime(2_000);
    expect([swallowed.pending, done.slice(2)]).toEqual([false, ["find", "release lost", "tell anew"]]);
  });

  test("costs nothing where none is lost", () => {
    const { done, swallowed } = page();
    swallowed.returned();
    swallowed.over();
    vi.advanceTimersByTime(60_000);
    expect(done).toEqual([]);
  });
});
