/**
 * What the console shows: told by the hub as it changes, or asked for each second where no stream comes through (a proxy
 * that keeps what should pass, a hub that is older).
 */
import { EventStream } from "../client/event_stream";
import { Refused, type Helpers, type Hub, type News, type Row } from "./hub";

/** Between two looks, where one has to ask. */
const LOOK_MS = 1_000;
/** A stream on which not even a beat came for so long is none. */
const SILENT_MS = 3_000;
/** How long it is asked before a stream is tried again that did not come. */
const AGAIN_MS = 30_000;

export interface Seen {
  readonly queue: readonly Row[];
  readonly board: readonly Row[];
  /** Whether more goes on than is shown. */
  readonly more: boolean;
  readonly helpers: Helpers;
  /** `performance.now()` when the hub's clock was as `helpers` says. */
  readonly at: number;
  /** What is shown may be old. */
  readonly stale: boolean;
  /** It is, because the hub takes the ticket no more. */
  readonly barred: boolean;
}

export const NOTHING: Seen = { queue: [], board: [], more: false, helpers: { now: 0, operators: [] }, at: 0, stale: false, barred: false };

/** Whether two values, as they came by JSON, say the same. (To write both as JSON again takes fifteen times as long.) */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const [mine, other] = [a as Record<string, unknown>, b as Record<string, unknown>];
  let more = 0;
  for (const name in mine) {
    if (!same(mine[name], other[name])) return false;
    more += 1;
  }
  for (const _ in other) more -= 1;
  return more === 0;
}

/** `rows`, of which those that say what they said before are the same objects: nothing of them is drawn again. */
export function kept(rows: readonly Row[], before: readonly Row[]): readonly Row[] {
  const known = new Map(before.map((row) => [row.session, row]));
  return rows.map((row) => {
    const one = known.get(row.session);
    return one !== undefined && one.now === row.now && same(one, row) ? one : row;
  });
}

type Asks = Pick<Hub, "feed" | "queue" | "board" | "helpers">;

export class Feed {
  private over = false;
  private looking = false;
  private shown: Pick<Seen, "queue" | "board"> = NOTHING;
  private readonly ending = new AbortController();

  /** `pages` of the board; `supervises`: who helps, too. `show` is told what changed. */
  constructor(
    private readonly hub: Asks,
    private readonly pages: number,
    private readonly supervises: boolean,
    private readonly show: (change: Partial<Seen>) => void,
  ) {}

  /** Go on until `stop`. */
  async run(): Promise<void> {
    while (!this.over) {
      const came = await this.follow();
      const until = performance.now() + (came ? 0 : AGAIN_MS);
      do {
        if (!this.over) await this.look();
        await this.rest();
      } while (!this.over && performance.now() < until);
    }
  }

  stop(): void {
    this.over = true;
    this.ending.abort();
  }

  /** Ask now. */
  async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    try {
      const [queue, { rows: board, more }, helpers] = await Promise.all([this.hub.queue(), this.hub.board(this.pages), this.supervises ? this.hub.helpers() : NOTHING.helpers]);
      this.tell({ queue, board, more, helpers, at: performance.now(), stale: false, barred: false });
    } catch (failure) {
      this.tell({ stale: true, barred: failure instanceof Refused && failure.reason === "ticket_refused" });
    } finally {
      this.looking = false;
    }
  }

  /** Follow the stream to its end; whether there was any. */
  private async follow(): Promise<boolean> {
    const ends = new AbortController();
    const end = (): void => ends.abort();
    this.ending.signal.addEventListener("abort", end);
    let [came, timer] = [false, setTimeout(end, SILENT_MS)];
    const events = new EventStream();
    const decoder = new TextDecoder();
    try {
      const reader = await this.hub.feed(this.pages, ends.signal);
      for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
        came = true;
        clearTimeout(timer);
        timer = setTimeout(end, SILENT_MS);
        for (const { data } of events.feed(decoder.decode(value, { stream: true }))) this.take(JSON.parse(data) as News);
      }
    } catch {
      // It did not come, ended or fell silent: it is asked now.
    } finally {
      clearTimeout(timer);
      end();
      this.ending.signal.removeEventListener("abort", end);
    }
    return came;
  }

  private take({ queue, board, operators }: News): void {
    this.tell({
      ...(queue == null ? {} : { queue: queue.sessions }),
      ...(board == null ? {} : { board: board.sessions, more: (board.next ?? "") !== "" }),
      ...(operators == null ? {} : { helpers: operators, at: performance.now() }),
      stale: false,
      barred: false,
    });
  }

  private tell(change: Partial<Seen>): void {
    if (this.over) return;
    const { queue, board } = change;
    const rows = {
      ...(queue === undefined ? {} : { queue: kept(queue, this.shown.queue) }),
      ...(board === undefined ? {} : { board: kept(board, this.shown.board) }),
    };
    this.shown = { ...this.shown, ...rows };
    this.show({ ...change, ...rows });
  }

  private rest(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, LOOK_MS);
      const { signal } = this.ending;
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      }
      if (signal.aborted) done();
      else signal.addEventListener("abort", done);
    });
  }
}
