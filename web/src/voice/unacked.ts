/**
 * What was said and is not yet known to be safe: frames that are kept until the hub has them. Pure.
 *
 * Each frame is sent when it is captured, by whatever way carries the voice then. What is not acknowledged is sent
 * again: when the hub says that it is missing, when no word of it came for `LATE_MS`, and at once on a new connection;
 * one frame at most once in `AGAIN_MS`. What is asked for and not held is `lacking`. `legato/client/unacked.py` is its
 * twin; `tests/vectors/unacked` binds them. Media times count samples at 48 kHz.
 */

/** After which a frame should have been acknowledged. */
export const LATE_MS = 800;
/** Before a frame is sent again once more. */
export const AGAIN_MS = 1_000;
/** Samples of sound that are held at most; the oldest go first. */
export const HOLD = 75 * 48_000;
const MOST = 50;

export type Stretch = readonly [start: number, end: number];

/** Frames that follow each other without a hole. */
export interface Run {
  readonly mediaTime: number;
  readonly frames: readonly Uint8Array[];
}

export interface Answer {
  /** To send again. */
  readonly runs: readonly Run[];
  /** To name as `lacking`. */
  readonly lacking: readonly Stretch[];
}

interface Held {
  readonly mediaTime: number;
  readonly end: number;
  readonly frame: Uint8Array;
  /** When it is sent again unasked. */
  due: number;
  /** From when on it may be sent again. */
  free: number;
}

export class Unacked {
  /** Media time after the newest frame. */
  end = 0;
  private held: Held[] = [];
  private open = false;

  get size(): number {
    return this.held.length;
  }

  /** Media time before which nothing is held. */
  get since(): number {
    return this.held[0]?.mediaTime ?? this.end;
  }

  /** A new frame. False: it does not come after the last one, and is dropped. */
  capture(mediaTime: number, samples: number, frame: Uint8Array, now: number): boolean {
    if (mediaTime < this.end) return false;
    this.end = mediaTime + samples;
    this.held.push({ mediaTime, end: this.end, frame, due: now + LATE_MS, free: now });
    const oldest = this.end - HOLD;
    if (this.since < oldest) this.held = this.held.filter((each) => each.mediaTime >= oldest);
    return true;
  }

  /** A new connection: all that is held is sent again. */
  opened(now: number): Run[] {
    this.open = true;
    return again(this.held, now);
  }

  /** The connection is lost: nothing can be sent. */
  closed(): void {
    this.open = false;
  }

  /** Everything before `until` is safe; the hub lacks what is `missing`. */
  acked(until: number, missing: readonly Stretch[], now: number): Answer {
    this.held = this.held.filter((each) => each.end > until);
    const wanted: Held[] = [];
    const lacking: Stretch[] = [];
    for (const [start, end] of missing) {
      const found = this.held.filter((each) => each.end > start && each.mediaTime < end);
      wanted.push(...found.filter((each) => each.free <= now));
      lacking.push(...holes(found, start, Math.min(end, this.end)));
    }
    return { runs: again(wanted, now), lacking };
  }

  /** What should be acknowledged by now, and is not. */
  late(now: number): Run[] {
    return this.open ? again(this.held.filter((each) => each.due <= now), now) : [];
  }

  /** When to call `late`. */
  nextDeadline(): number | null {
    return this.open && this.held.length > 0 ? this.held.reduce((least, each) => Math.min(least, each.due), Infinity) : null;
  }
}

function again(frames: readonly Held[], now: number): Run[] {
  const runs: { mediaTime: number; frames: Uint8Array[] }[] = [];
  let end = -1;
  for (const each of frames) {
    each.due = each.free = now + AGAIN_MS;
    const last = runs.at(-1);
    if (last === undefined || end !== each.mediaTime || last.frames.length === MOST) {
      runs.push({ mediaTime: each.mediaTime, frames: [each.frame] });
    } else last.frames.push(each.frame);
    end = each.end;
  }
  return runs;
}

/** What of the stretch these frames leave open. */
function holes(found: readonly Held[], start: number, end: number): Stretch[] {
  const open: Stretch[] = [];
  let at = start;
  for (const each of found) {
    if (each.mediaTime > at) open.push([at, each.mediaTime]);
    at = Math.max(at, each.end);
  }
  return at < end ? [...open, [at, end]] : open;
}
