/**
 * What the messages of a session look like as sound: a few bars each. The sound itself is fetched once, one message after
 * another, drawn from and let go, so that a long call costs no more memory than its newest messages' bars.
 */
import type { Message } from "../client";
import { sounds } from "../demo/recital";
import type { Clip } from "../demo/replay";
import { peaks } from "../demo/replay_strip";

/** Messages that stand in the timeline: the newest ones that sound. */
export const SHOWN = 24;
const KEPT = 200;
const BARS_A_SECOND = 8;
const LEAST_BARS = 6;
const MOST_BARS = 96;

export interface Wave {
  readonly person: boolean;
  readonly seconds: number;
  /** How loud each piece is, 0 to 1. */
  readonly bars: readonly number[];
}

/** The messages that the timeline shows, oldest first: those that ended and sound. */
export function shownOf(messages: readonly Message[]): Message[] {
  return messages.filter((one) => one.ordinal > 0 && !one.aside && sounds(one)).slice(-SHOWN);
}

export function waveOf(samples: Float32Array, seconds: number, person: boolean): Wave {
  const bars = Math.max(LEAST_BARS, Math.min(MOST_BARS, Math.round(seconds * BARS_A_SECOND)));
  return { person, seconds, bars: peaks(samples, bars).map((one) => Math.min(1, one * 1.5)) };
}

export class Waves {
  private readonly known = new Map<string, Promise<Wave | null>>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly clipOf: (message: string) => Promise<Clip | null>) {}

  /**
   * The message's wave, as far as its speech was made up to `end`; null if no sound of it is kept. What failed is tried again
   * when it is asked for again.
   */
  of(message: string, end = 0): Promise<Wave | null> {
    const name = `${message} ${end}`;
    const found = this.known.get(name);
    if (found !== undefined) return found;
    const made = this.last.then(() => this.make(message));
    this.last = made.catch(() => this.known.delete(name));
    this.known.set(name, made);
    for (const old of [...this.known.keys()].slice(0, -KEPT)) this.known.delete(old);
    return made;
  }

  private async make(message: string): Promise<Wave | null> {
    const clip = await this.clipOf(message);
    return clip === null ? null : waveOf(clip.buffer.getChannelData(0), clip.buffer.duration, clip.person);
  }
}
