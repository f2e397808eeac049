import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Session } from "../src/client";
import { Call, type CallEvents } from "../src/voice/call";
import type { Peer } from "../src/voice/peer";

/** A peer with a ticket, as far as a call sees it. */
class Line {
  /** How often the browser was asked for its receivers. */
  asked = 0;
  readonly connection = {
    connectionState: "new",
    onconnectionstatechange: (): void => undefined,
    getReceivers: () => {
      this.asked += 1;
      return [{ getSynchronizationSources: () => [{ rtpTimestamp: 960 }], getContributingSources: () => [] }];
    },
  };
  readonly sender = { replaceTrack: () => Promise.resolve() };
  readonly track = Object.assign(new EventTarget(), { muted: true });
  readonly armed = true;
  readonly key = "ours:theirs";
  closed = false;
  tracked: unknown = null;
  go(): void {}
  sound(): void {}
  close(): void {
    this.closed = true;
  }
  connects(): void {
    this.connection.connectionState = "connected";
    this.connection.onconnectionstatechange();
  }
  sounds(): void {
    this.track.muted = false;
    this.track.dispatchEvent(new Event("unmute"));
  }
}

class World {
  readonly happened: string[] = [];
  live = true;
  again = true;
  readonly takes: boolean[] = [];
  readonly session = {
    dial: (...said: unknown[]) => {
      this.takes.push(said[4] === false);
      return this.happened.push(this.live ? "dialled" : "not dialled") > 0 && this.live;
    },
  } as unknown as Session;
  call(line: Line, quiet: boolean): Call {
    const tell = (what: string) => () => void this.happened.push(what);
    const on: CallEvents = { track: () => undefined, answered: tell("answered"), connected: tell("connected"), failed: tell("failed"), heard: () => null, again: () => this.again };
    return new Call(this.session, line as unknown as Peer, null, () => true, on, quiet);
  }
}

describe("a call", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("that sounds is kept", () => {
    const [line, world] = [new Line(), new World()];
    world.call(line, false);
    line.connects();
    line.sounds();
    vi.advanceTimersByTime(60_000);
    expect([world.happened, line.closed]).toEqual([["dialled", "connected"], false]);
  });

  test("asks the browser for the frame that sounds once one came, and not before", () => {
    const [line, world] = [new Line(), new World()];
    const call = world.call(line, false);
    line.connects();
    expect([call.timestamp, call.unheard, line.asked]).toEqual([null, false, 0]);
    line.sounds();
    expect([call.timestamp, call.unheard]).toEqual([960, false]);
    line.track.muted = true;
    expect(call.timestamp).toBe(960);
  });

  test("that stands and never sounds has failed, however it was said", () => {
    for (const quiet of [true, false]) {
      const [line, world] = [new Line(), new World()];
      world.call(line, quiet);
      line.connects();
      vi.advanceTimersByTime(60_000);
      expect([world.happened.at(-1), world.happened.filter((one) => one === "failed").length, line.closed]).toEqual(["failed", 1, true]);
    }
  });

  test("whose handshake was done before is given less time to sound", async () => {
    const lateness = async (before: boolean) => {
      const [line, world] = [new Line(), new World()];
      if (before) line.connection.connectionState = "connected";
      world.call(line, false);
      if (!before) line.connects();
      await Promise.resolve();
      let ms = 0;
      for (; !line.closed; ms += 100) vi.advanceTimersByTime(100);
      return ms;
    };
    expect(await lateness(true)).toBeLessThan(await lateness(false));
  });

  test("that could not be told of is told of once the session is back, and once", () => {
    const [line, world] = [new Line(), new World()];
    world.live = false;
    const call = world.call(line, false);
    world.live = true;
    call.introduce();
    call.introduce();
    expect(world.happened).toEqual(["not dialled", "dialled"]);
  });

  test("says whether somebody asks for the voice here as it is told of", () => {
    const [line, world] = [new Line(), new World()];
    world.again = false;
    world.live = false;
    const call = world.call(line, false);
    world.live = world.again = true;
    call.introduce();
    expect(world.takes).toEqual([true, false]);
  });

  test("says that the hub does not hear it while the newest frame does", () => {
    const line = new Line();
    const call = new World().call(line, false);
    line.sounds();
    const sources = (newest: number, said: { source: number; rtpTimestamp: number }[]) => {
      const receiver = { getSynchronizationSources: () => [{ rtpTimestamp: newest }], getContributingSources: () => said };
      line.connection.getReceivers = () => [receiver] as never;
      return call.unheard;
    };
    const [unheard, other] = [0x756e6864, 5];
    expect(sources(960, [])).toBe(false);
    expect(sources(960, [{ source: other, rtpTimestamp: 960 }])).toBe(false);
    expect(sources(960, [{ source: unheard, rtpTimestamp: 960 }])).toBe(true);
    expect(sources(1_920, [{ source: unheard, rtpTimestamp: 960 }])).toBe(false);
  });

  test("that is let go fails no more", () => {
    const [line, world] = [new Line(), new World()];
    const call = world.call(line, true);
    line.connects();
    call.drop();
    vi.advanceTimersByTime(60_000);
    expect([world.happened, line.closed]).toEqual([["dialled", "connected"], true]);
  });
});
