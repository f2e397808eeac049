/**
 * What this tab's microphone said and the hub has not acknowledged yet. A reload loses it with the page, as a new capture
 * loses what the one before it held; the hub is told so with the next capture, and names in the log what of it never came.
 */
import type { LeftBehind } from "../client/aliases";

const KEY = "legato:said";
/** How many captures may be named at once (PROTOCOL.md), and how often they are written down; a page that goes writes at once. */
const MOST = 4;
const EVERY_MS = 500;

interface Left extends Required<LeftBehind> {
  readonly attachment: string;
}

export class Tail {
  private left: readonly Left[];
  private newest: Left | null = null;
  private keptAt = 0;

  constructor(private readonly memory: Storage | null) {
    this.left = readLeft(memory?.getItem(KEY));
    globalThis.addEventListener?.("pagehide", () => this.keep());
  }

  /** The attachment's captures before `capture`, of which something may be lost. */
  before(attachment: string, capture: string): LeftBehind[] {
    const left = this.newest?.capture === capture ? this.left : this.all;
    return left.filter((each) => each.attachment === attachment).map(({ capture, since, until }) => ({ capture, since, until }));
  }

  /** The attachment's `capture` has come to media time `until`. */
  captured(attachment: string, capture: string, until: number, now: number): void {
    if (capture !== this.newest?.capture) this.left = this.all;
    const since = capture === this.newest?.capture ? this.newest.since : 0;
    this.newest = { attachment, capture, since, until };
    if (now < this.keptAt + EVERY_MS) return;
    this.keptAt = now;
    this.keep();
  }

  /** The hub has all of the capture before `until`, and was told of those before it. */
  safe(capture: string, until: number): void {
    const { newest } = this;
    this.newest = newest?.capture === capture ? { ...newest, since: Math.max(until, newest.since) } : null;
    this.left = [];
  }

  private keep(): void {
    const { all } = this;
    if (all.length > 0) this.memory?.setItem(KEY, JSON.stringify(all));
    else this.memory?.removeItem(KEY);
  }

  private get all(): readonly Left[] {
    const { newest } = this;
    return (newest === null || newest.since >= newest.until ? this.left : [...this.left, newest]).slice(-MOST);
  }
}

function readLeft(kept: string | null | undefined): readonly Left[] {
  try {
    const found: unknown = JSON.parse(kept ?? "[]");
    return Array.isArray(found) ? found.filter(makesSense).slice(-MOST) : [];
  } catch {
    return [];
  }
}

function makesSense(each: Partial<Left> | null): each is Left {
  const { attachment, capture, since, until } = each ?? {};
  const counts = Number.isSafeInteger(since) && Number.isSafeInteger(until);
  return typeof attachment === "string" && typeof capture === "string" && counts;
}
