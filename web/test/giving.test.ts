import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Session } from "../src/client";
import { Giving, MOVES_MS } from "../src/voice/giving";
import { Playout, type Sounding } from "../src/voice/playout";

type Row = Record<string, unknown>;

/** A page that plays, as far as its voice's going sees it. */
class Page {
  readonly done: string[] = [];
  readonly told: Row[] = [];
  on = true;
  sounding: Sounding | null = null;
  private readonly listeners: ((signals: Row[]) => void)[] = [];
  readonly session = {
    view: { participant: "ada", attachment: "tab", state: {} },
    onSignals: (listener: (signals: Row[]) => void) => void this.listeners.push(listener),
    signal: (name: string, data: Row) => void (name === "playout" && this.told.push(data)),
  } as unknown as Session;
  readonly playout: Playout;
  readonly giving: Giving;

  constructor() {
    const output = { hold: (why: string, held: boolean) => void this.done.push(`${held ? "hold" : "release"} ${why}`) };
    this.playout = new Playout(this.session, () => this.sounding, null);
    this.giving = new Giving(this.session, output, this.playout, () => this.on);
  }

  hears(...rows: Row[]): void {
    for (const listener of this.listeners) listener(rows);
  }

  /** The hub's words of what plays, and the frame that sounds. */
  plays(timestamp: number): void {
    this.sounding = { by: this, timestamp, late: 0 };
    this.playout.tick();
  }

  moves(attachment: string, participant = "ada", by = "hub"): void {
    this.hears({ by, name: "moving", data: { participant, attachment } });
  }
}

function playing(): Page {
  const page = new Page();
  vi.advanceTimersByTime(300);
  page.hears({ by: "hub", name: "playing", data: { tab: { message: "m", samples: 0, timestamp: 96_000 } } });
  page.plays(96_000);
  return page;
}

describe("a page whose voice moves to another device", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("addEventListener", () => undefined);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  test("falls silent and says the last frame that sounded, though it is not time to report", () => {
    const page = playing();
    page.sounding = { by: page, timestamp: 96_000 + 4_800, late: 0 };
    page.moves("phone");
    expect([page.done, page.told.at(-1)]).toEqual([["hold moving"], { message: "m", samples: 5_760, last: true }]);
  });

  test("says it though it is not new, and nothing of what comes after", () => {
    const page = playing();
    page.moves("phone");
    page.moves("phone");
    expect(page.told.map(({ samples, last }) => [samples, last])).toEqual([[960, undefined], [960, true], [960, true]]);
    vi.advanceTimersByTime(300);
    page.plays(96_000 + 9_600);
    expect(page.told).toHaveLength(3);
  });

  test("sounds again if it does not move, from what the hub says anew", () => {
    const page = playing();
    page.moves("phone");
    vi.advanceTimersByTime(MOVES_MS);
    expect(page.done).toEqual(["hold moving", "release moving"]);
    page.plays(150_000);
    expect(page.told).toHaveLength(2);
    page.hears({ by: "hub", name: "playing", data: { tab: { message: "m", samples: 960, timestamp: 150_000 } } });
    page.plays(150_960);
    vi.advanceTimersByTime(300);
    page.plays(151_920);
    expect(page.told.at(-1)).toEqual({ message: "m", samples: 960 + 2_880 });
  });

  test("is not held any more once it has gone", () => {
    const page = playing();
    page.moves("phone");
    page.giving.over();
    vi.advanceTimersByTime(MOVES_MS);
    expect(page.done).toEqual(["hold moving", "release moving"]);
  });

  test("heeds nobody but the hub, and neither its own coming nor another's", () => {
    const page = playing();
    page.moves("tab");
    page.moves("phone", "bob");
    page.moves("phone", "ada", "bob");
    page.hears({ by: "hub", name: "moving", data: "nonsense" }, { by: "hub", name: "moving" });
    page.on = false;
    page.moves("phone");
    expect(page.done).toEqual([]);
  });
});
