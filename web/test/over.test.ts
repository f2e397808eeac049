import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Session, View } from "../src/client";
import { stopWhenOver, type Stopped } from "../src/voice/over";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A page in a call, and how its session stands. */
function page(): { done: string[]; loud: (level: number) => void; start: () => void; look: (state: boolean, ended?: View["ended"]) => void } {
  const done: string[] = [];
  const listeners: (() => void)[] = [];
  const told = (): void => listeners.forEach((listener) => listener());
  let current: { state: Stopped["current"]["state"]; microphone: Stopped["current"]["microphone"] } = { state: "live", microphone: "open" };
  let level = 0;
  let view = { ended: null, state: { ended: false } } as View;
  const become = (more: Partial<typeof current>, what: string): void => {
    done.push(what);
    current = { ...current, ...more };
    told();
  };
  const voice: Stopped = {
    get current() {
      return current;
    },
    microphone: { close: () => become({ microphone: "off" }, "closed") },
    output: { level: () => level },
    onChange: (listener) => {
      listeners.push(listener as () => void);
      (listener as () => void)();
      return () => false;
    },
    stop: async () => {
      become({ microphone: "off" }, "stopped"); // one after the other, as a voice stops
      become({ state: "off" }, "off");
    },
  };
  const session = {
    get view() {
      return view;
    },
    onChange: (listener: (view: View) => void) => {
      listeners.push(() => listener(view));
      listener(view);
      return () => false;
    },
  } as unknown as Session;
  stopWhenOver(session, voice);
  return {
    done,
    loud: (now) => void (level = now),
    start: () => become({ state: "calling", microphone: "asking" }, "started"),
    look: (state, ended = null) => {
      view = { ended, state: { ended: state } } as View;
      told();
    },
  };
}

test("a conversation that goes on is left alone", () => {
  const { done, look } = page();
  look(false);
  vi.advanceTimersByTime(60_000);
  expect(done).toEqual([]);
});

test("once it has ended the microphone is closed at once, and the goodbye heard to its end", () => {
  const { done, loud, look } = page();
  look(true);
  expect(done).toEqual(["closed"]);
  vi.advanceTimersByTime(2_500);
  loud(0.2);
  vi.advanceTimersByTime(5_000);
  loud(0);
  vi.advanceTimersByTime(2_500);
  look(true);
  expect(done).toEqual(["closed"]);
  vi.advanceTimersByTime(1_000);
  expect(done).toEqual(["closed", "stopped", "off"]);
  vi.advanceTimersByTime(60_000);
  expect(done).toHaveLength(3);
});

test("whoever talks into what has ended opens no microphone, and is stopped", () => {
  const { done, look, start } = page();
  look(true);
  vi.advanceTimersByTime(4_000);
  start();
  expect(done.slice(3)).toEqual(["started", "closed"]);
  vi.advanceTimersByTime(4_000);
  expect(done.slice(5)).toEqual(["stopped", "off"]);
});

test("where the connection has ended for good the voice stops at once", () => {
  const { done, look } = page();
  look(false, { code: 4010, reason: "session_erased" });
  expect(done).toEqual(["stopped", "off"]);
});
