import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Feed, NOTHING, same, type Seen } from "../src/console/feed";
import { Refused, type News, type Row } from "../src/console/hub";

const row = (session: string): Row => ({ session }) as Row;

/** A hub that says when it is asked, and whose streams a test writes. */
class Hub {
  asked = 0;
  streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  refuses = false;
  /** Why no question is answered; null: they are. */
  failure: Error | null = null;

  feed = (_: number, signal: AbortSignal): Promise<ReadableStreamDefaultReader<Uint8Array>> => {
    if (this.refuses) return Promise.reject(new Error("404"));
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.streams.push(controller);
        signal.addEventListener("abort", () => controller.error(new Error("aborted")));
      },
    });
    return Promise.resolve(stream.getReader());
  };

  write(words: string | News): void {
    const line = typeof words === "string" ? words : `data:${JSON.stringify(words)}\n\n`;
    this.streams.at(-1)?.enqueue(new TextEncoder().encode(line));
  }

  queue = (): Promise<readonly Row[]> => (this.failure === null ? Promise.resolve([row(`asked ${++this.asked}`)]) : Promise.reject(this.failure));
  board = (): Promise<{ rows: readonly Row[]; more: boolean }> => Promise.resolve({ rows: [], more: false });
  helpers = (): Promise<Seen["helpers"]> => Promise.resolve(NOTHING.helpers);
}

describe("what the console shows", () => {
  let hub: Hub;
  let seen: Seen;
  let feed: Feed;

  beforeEach(() => {
    vi.useFakeTimers();
    [hub, seen] = [new Hub(), NOTHING];
    feed = new Feed(hub, 1, true, (change) => (seen = { ...seen, ...change }));
  });

  afterEach(() => {
    feed.stop();
    vi.useRealTimers();
  });

  test("is told by the stream as it changes, and nothing is asked", async () => {
    void feed.run();
    await vi.advanceTimersByTimeAsync(0);
    hub.write({ queue: { sessions: [row("a")] }, board: { sessions: [row("a"), row("b")], next: "N2Ii" }, operators: { now: 5, operators: [] } });
    await vi.advanceTimersByTimeAsync(0);
    expect([seen.queue.length, seen.board.length, seen.more, seen.helpers.now]).toEqual([1, 2, true, 5]);
    hub.write('data:{"queue":{"sess');
    hub.write('ions":[]}}\n\n');
    for (let second = 0; second < 10; second += 1) {
      await vi.advanceTimersByTimeAsync(1_000);
      hub.write(": beat\n\n");
    }
    expect([seen.queue.length, seen.board.length, seen.more]).toEqual([0, 2, true]);
    expect([hub.asked, hub.streams.length]).toEqual([0, 1]);
  });

  test("is the same row as long as it says the same, so that nothing of it is drawn again", async () => {
    void feed.run();
    await vi.advanceTimersByTimeAsync(0);
    const told = (session: string, turns: number): Row => ({ ...row(session), now: 1, turns });
    hub.write({ board: { sessions: [told("a", 0), told("b", 0)] } });
    await vi.advanceTimersByTimeAsync(0);
    const [a, b] = seen.board;
    hub.write({ board: { sessions: [told("c", 0), told("b", 1), told("a", 0)] } });
    await vi.advanceTimersByTimeAsync(0);
    expect(seen.board.map((one) => [one.session, one.turns])).toEqual([["c", 0], ["b", 1], ["a", 0]]);
    expect([seen.board[2] === a, seen.board[1] === b]).toEqual([true, false]);
  });

  test("is asked for each second where no stream comes, which is tried again", async () => {
    hub.refuses = true;
    void feed.run();
    await vi.advanceTimersByTimeAsync(10_500);
    expect(hub.asked).toBe(11);
    expect(seen.queue.map((one) => one.session)).toEqual(["asked 11"]);
    hub.refuses = false;
    await vi.advanceTimersByTimeAsync(20_000);
    hub.write(": beat\n\n");
    await vi.advanceTimersByTimeAsync(0);
    const { asked } = hub;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(hub.asked).toBe(asked);
  });

  test("says that the hub takes the ticket no more, and not that of a hub that is away", async () => {
    [hub.refuses, hub.failure] = [true, new TypeError("fetch")];
    void feed.run();
    await vi.advanceTimersByTimeAsync(500);
    expect([seen.stale, seen.barred]).toEqual([true, false]);
    hub.failure = new Refused("ticket_refused", "");
    await vi.advanceTimersByTimeAsync(1_000);
    expect([seen.stale, seen.barred]).toEqual([true, true]);
    hub.failure = null;
    await vi.advanceTimersByTimeAsync(1_000);
    expect([seen.stale, seen.barred]).toEqual([false, false]);
  });

  test("is asked for while a proxy keeps the stream's beats", async () => {
    void feed.run();
    await vi.advanceTimersByTimeAsync(2_900);
    expect(hub.asked).toBe(0);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(hub.asked).toBe(2);
  });

  test("is asked for once when a stream ends, and followed again", async () => {
    void feed.run();
    await vi.advanceTimersByTimeAsync(0);
    hub.write(": beat\n\n");
    hub.streams.at(-1)?.close();
    await vi.advanceTimersByTimeAsync(1_500);
    expect([hub.asked, hub.streams.length]).toEqual([1, 2]);
    feed.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([hub.asked, hub.streams.length]).toEqual([1, 2]);
  });
});

test("two values say the same if JSON would write the same, whatever the order of their fields", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      const canonical = (value: unknown): string =>
        JSON.stringify(value, (_, one: unknown) => (typeof one === "object" && one !== null && !Array.isArray(one) ? Object.fromEntries(Object.entries(one).sort(([x], [y]) => (x < y ? -1 : 1))) : one));
      const copy = JSON.parse(JSON.stringify(a)) as unknown;
      expect([same(a, JSON.parse(JSON.stringify(copy))), same(copy, JSON.parse(JSON.stringify(b)))]).toEqual([true, canonical(copy) === canonical(b)]);
    }),
  );
  expect([same([], {}), same({ a: 1 }, { b: 1 }), same(null, {}), same({ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] })]).toEqual([false, false, false, false]);
});
