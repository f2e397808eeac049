/**
 * What this page has played of what its agent says. Pure.
 *
 * The hub says where in which message the call's sound is (`playing`): stretches, each beginning with an RTP timestamp.
 * The browser says which frame sounds now. Both count in samples at 48 kHz and 32 bits, from any beginning: times are
 * compared by their difference. A stretch that begins long before the call's first frame that was seen, or long after its
 * newest, is another call's, which counts from another beginning. A page whose thread stands, or whose sound begins late,
 * sees its call's first frame seconds after that was sent.
 */
import { FRAME } from "./clock";

/** The frame at `timestamp` begins at sample `samples` of the message's speech; each 960 after it are `step`. */
export interface Playing {
  readonly message: string;
  readonly samples: number;
  readonly timestamp: number;
  readonly step?: number;
  /** From here on there is silence. */
  readonly until?: number;
}

/** How to go on after a gap: with the rest, faster until nothing is missing any more, straight on; as the hub thinks best. */
export type GoOn = "rest" | "catch_up" | "live" | "";

/** What was remembered of it. */
export function readGoOn(kept: string | null | undefined): GoOn {
  return kept === "rest" || kept === "catch_up" || kept === "live" ? kept : "";
}

/** The message's speech was played up to so many samples. */
export interface Report {
  readonly message: string;
  readonly samples: number;
}

/** How often what is heard is reported while it grows, ms. */
const EVERY_MS = 200;
const SECOND = 48_000;
/** How long before its first frame that was seen a call may have begun, and how far ahead of sound its words are told. */
const BEFORE = 5 * SECOND;
const AHEAD = 10 * SECOND;
const MOST_STRETCHES = 16;
const JUST_MS = 5_000;
/** A call that is longer than this is taken to have begun half as long ago: differences stay below half a circle. */
const LONG = 2 ** 30;

export class Ledger {
  /** What was heard last; it outlives the call. */
  heard: Report | null = null;
  private heardAt = 0;
  private stretches: readonly (Playing & { readonly toldAt: number })[] = [];
  private first: number | null = null;
  private newest = 0;
  private told: Report | null = null;
  private toldAt = 0;
  private silenced = false;
  /** What began before the page was silenced counts up to here: the hub plays the rest again. */
  private cut: number | null = null;

  /** The page before this one had heard that much, `ago` ms ago, and told the hub. */
  before(heard: Report, ago: number, now: number): void {
    this.heard = this.told = heard;
    this.heardAt = now - ago;
  }

  /** Another call's frames are played from now on; what was told just before may be of it already. */
  begin(now: number): void {
    this.first = this.cut = null;
    this.stretches = this.stretches.filter(({ toldAt }) => now - toldAt < JUST_MS);
    this.silenced = false;
  }

  /** The hub says what this call's sound is. */
  playing(at: Playing, now: number): void {
    const others = this.stretches.filter(({ timestamp }) => timestamp !== at.timestamp);
    this.stretches = [...others, { ...at, toldAt: now }].slice(-MOST_STRETCHES);
  }

  /** The frame with this timestamp was given to the output, which sounds it `late` samples later. */
  played(timestamp: number, late: number, now: number): void {
    if (this.silenced) return;
    const end = (timestamp + FRAME - Math.min(Math.max(Math.round(late), 0), SECOND)) >>> 0;
    this.newest = this.first === null || since(end, this.newest) > 0 ? end : this.newest;
    this.first ??= end;
    if (since(this.newest, this.first) > LONG) this.first = (this.newest - LONG / 2) >>> 0;
    const found = this.at(this.newest);
    if (found === null) return;
    if (found.message !== this.heard?.message || found.samples !== this.heard.samples) this.heardAt = now;
    this.heard = found;
  }

  /** How long ago that was, ms. */
  ago(now: number): number {
    return Math.max(0, Math.round(now - this.heardAt));
  }

  /** What came so far sounded or did not: what will sound is told anew. */
  forget(): void {
    this.first = this.cut = null;
    this.stretches = [];
  }

  /** The page's sound is off: what comes is not heard. */
  silence(): void {
    this.silenced = true;
    if (this.first !== null) this.cut = this.newest;
  }

  /** It is on again. */
  sound(): void {
    this.silenced = false;
  }

  /** What to report now, if anything is new; `urgent`: whenever the last report was. */
  report(now: number, urgent = false): Report | null {
    const { heard } = this;
    if (heard === null || (!urgent && now < this.toldAt + EVERY_MS)) return null;
    if (heard.message === this.told?.message && heard.samples === this.told.samples) return null;
    this.told = heard;
    this.toldAt = now;
    return heard;
  }

  private at(timestamp: number): Report | null {
    const begun = this.stretches.filter((one) => this.ours(one) && since(timestamp, one.timestamp) >= 0);
    if (begun.length === 0) return null;
    const latest = begun.reduce((best, one) => (since(one.timestamp, best.timestamp) >= 0 ? one : best));
    const { message, samples, step = FRAME, until } = latest;
    const cut = this.cut !== null && since(latest.timestamp, this.cut) <= 0 ? this.cut : undefined;
    const end = Math.min(...[timestamp, until, cut].filter((one) => one !== undefined).map((one) => since(one, latest.timestamp)));
    return { message, samples: samples + Math.floor((Math.max(end, 0) * step) / FRAME) };
  }

  private ours({ timestamp }: Playing): boolean {
    return this.first !== null && since(timestamp, this.first) > -BEFORE && since(timestamp, this.newest) < AHEAD;
  }
}

/** Samples from `before` to `time`, which lie less than half a circle apart. */
function since(time: number, before: number): number {
  return (time - before) | 0;
}

/** What the signal `playing` says of this attachment; null if nothing that makes sense. */
export function readPlaying(data: unknown, attachment: string): Playing | null {
  if (typeof data !== "object" || data === null) return null;
  const found = (data as Record<string, unknown>)[attachment];
  if (typeof found !== "object" || found === null) return null;
  const { message, samples, timestamp, step, until } = found as Record<string, unknown>;
  if (typeof message !== "string" || typeof samples !== "number" || typeof timestamp !== "number") return null;
  return { message, samples, timestamp, ...(typeof step === "number" ? { step } : {}), ...(typeof until === "number" ? { until } : {}) };
}
