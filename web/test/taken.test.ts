import { expect, test } from "vitest";
import type { Event, Session } from "../src/client";
import { fold } from "../src/client/fold";
import { stopWhenTaken } from "../src/voice/taken";
import type { Voice } from "../src/voice/voice";

const granted = (token: number, attachment: string): Event => ({
  type: "right_granted", by: "hub", offset: token, right: "playout:ada", holder: "ada", token, attachment,
});
const silent = (offset: number): Event => ({ type: "modality_changed", by: "hub", offset, attachment: "tab", takes: ["text"], gives: ["text"] });

test("a page whose voice another device took stops once, though its stopping is an event like the loss", () => {
  const log: Event[] = [granted(1, "tab")];
  const listeners: ((events: readonly Event[]) => void)[] = [];
  const tell = (...events: Event[]): void => {
    log.push(...events);
    for (const listener of listeners) listener(events);
  };
  const session = {
    get view() {
      return { state: fold(log), participant: "ada", attachment: "tab" };
    },
    onEvents: (listener: (events: readonly Event[]) => void) => {
      listeners.push(listener);
      return () => void listeners.splice(0);
    },
  } as unknown as Session;
  let state = "live";
  let stops = 0;
  const voice = {
    get current() {
      return { state };
    },
    stop: async () => {
      state = "off";
      stops += 1;
      // What the hub makes of the command that a page stops with.
      if (stops < 10) tell(silent(10 + stops));
    },
  } as unknown as Voice;
  const over = stopWhenTaken(session, voice);
  tell(silent(2), granted(3, "phone"));
  expect(stops).toBe(1);
  state = "calling";
  tell(granted(30, "tab"));
  expect(stops).toBe(1);
  over();
  tell(silent(31), granted(32, "phone"));
  expect(stops).toBe(1);
});
