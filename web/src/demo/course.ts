/**
 * The whole call at once: how loud each side was all along it, and playing it from any place.
 *
 * Places are milliseconds of the course: the minutes of which the hub keeps sound, one after another. Levels come in pages of ten
 * minutes; only the last page, which grows, is asked for again. What plays is fetched a quarter of a minute at a time.
 */
import type { Session } from "../client";
import { RequestError, type LevelsPage } from "../client/requests";

const RATE = 48_000;
const WINDOW_MS = 15_000;
/** What is heard first comes sooner. */
const FIRST_MS = 4_000;
const TRIES = 4;
const BUSY_MS = 700;
/** Never the same place twice. */
const LEAST_MS = 20;

export interface CourseView {
  /** How long it is so far, in ms; 0: no sound is kept. */
  readonly length: number;
  readonly pages: readonly LevelsPage[];
  readonly playing: boolean;
  /** Why nothing sounds; "" if all is well. */
  readonly problem: string;
}

type Asks = Pick<Session["requests"], "levels" | "stretch">;

export class Course {
  view: CourseView = { length: 0, pages: [], playing: false, problem: "" };
  private readonly listeners = new Set<(view: CourseView) => void>();
  private loading: Promise<void> | null = null;
  private context: AudioContext | null = null;
  private decoder: OfflineAudioContext | null = null;
  /** What sounds, and what sounds after it. */
  private sources: Sounding[] = [];
  /** The place at which the context's clock was 0. */
  private origin = 0;
  private turn = 0;

  /** `onPlay`: it begins to sound, and nothing else should. */
  constructor(
    private readonly requests: Asks,
    private readonly onPlay: () => void = () => undefined,
  ) {}

  /** Called now and with every change; returns how to stop. */
  onChange(listener: (view: CourseView) => void): () => void {
    this.listeners.add(listener);
    listener(this.view);
    return () => this.listeners.delete(listener);
  }

  /** Get the pages that are not known, and the last one again. Fails quietly: it is asked for again. */
  load(): Promise<void> {
    this.loading ??= this.read()
      .catch(() => undefined)
      .finally(() => (this.loading = null));
    return this.loading;
  }

  /** Where it plays, in ms of the course. */
  get place(): number {
    return this.context === null ? 0 : Math.min(this.view.length, Math.max(0, this.origin + this.context.currentTime * 1_000));
  }

  /** Play from a place on; from a gesture. */
  async play(from: number): Promise<void> {
    const turn = ++this.turn;
    this.silence();
    this.onPlay();
    this.context ??= new AudioContext({ sampleRate: RATE });
    const { context } = this;
    void context.resume();
    this.origin = from - context.currentTime * 1_000;
    this.show({ playing: true, problem: "" });
    try {
      await this.sound(context, Math.floor(from), turn);
    } catch (problem) {
      if (turn !== this.turn) return;
      const gone = problem instanceof RequestError && problem.status === 404;
      this.stop(gone ? "No sound of this is kept." : "The sound could not be fetched. Try again.");
    }
  }

  stop(problem = ""): void {
    this.turn += 1;
    this.silence();
    this.show({ playing: false, problem });
  }

  /** Window after window, each when the one before has begun. */
  private async sound(context: AudioContext, from: number, turn: number): Promise<void> {
    let place = from;
    let ends = 0;
    for (let window = FIRST_MS; place < this.view.length; window = WINDOW_MS) {
      const buffer = await this.fetched(place, place + window);
      if (turn !== this.turn) return;
      const begins = Math.max(context.currentTime, ends);
      if (begins > ends) this.origin = place - begins * 1_000; // the first, or it came too late
      this.sources.push(sounding(context, buffer, begins));
      ends = begins + buffer.duration;
      place += Math.max(LEAST_MS, Math.round(buffer.duration * 1_000));
      if (this.sources.length > 1) await this.sources.shift()?.ended;
      if (turn !== this.turn) return;
    }
    await this.sources.at(-1)?.ended;
    if (turn === this.turn) this.stop();
  }

  /** The hub makes two at a time: a third is asked for again. */
  private async fetched(from: number, to: number): Promise<AudioBuffer> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const bytes = await this.requests.stretch(from, to);
        return await (this.decoder ??= new OfflineAudioContext(2, 1, RATE)).decodeAudioData(bytes);
      } catch (problem) {
        if (!(problem instanceof RequestError) || problem.status !== 503 || attempt === TRIES) throw problem;
        await new Promise((resolve) => setTimeout(resolve, BUSY_MS));
      }
    }
  }

  private silence(): void {
    for (const { node } of this.sources) node.stop();
    this.sources = [];
  }

  private async read(): Promise<void> {
    let pages = this.view.pages.slice(0, -1);
    let from = this.view.pages.at(-1)?.start ?? 0;
    do {
      const page = await this.requests.levels(from);
      pages = [...pages, page];
      from = page.next;
      this.show({ pages: [...pages, ...this.view.pages.slice(pages.length)], length: page.length });
    } while (from > 0);
  }

  private show(change: Partial<CourseView>): void {
    this.view = { ...this.view, ...change };
    for (const listener of this.listeners) listener(this.view);
  }
}

interface Sounding {
  readonly node: AudioBufferSourceNode;
  readonly ended: Promise<void>;
}

function sounding(context: AudioContext, buffer: AudioBuffer, begins: number): Sounding {
  const node = context.createBufferSource();
  node.buffer = buffer;
  node.connect(context.destination);
  const ended = new Promise<void>((resolve) => (node.onended = () => resolve()));
  node.start(begins);
  return { node, ended };
}

/** How loud each of `bars` equal pieces of the course is at most, 0 to 1, in one lane. */
export function barsOf({ pages, length }: CourseView, lane: "callers" | "helpers", bars: number): number[] {
  const most = new Array<number>(bars).fill(0);
  for (const page of pages) {
    page[lane].forEach((level, step) => {
      const bar = Math.min(bars - 1, Math.floor(((page.start + step * page.step_ms) / length) * bars));
      if (level > (most[bar] ?? 0)) most[bar] = level;
    });
  }
  return most.map((level) => level / 255);
}

const SPEAKS = 12;

/** Who is loud at a place: "" if nobody is. */
export function whoAt({ pages }: CourseView, place: number): "" | "caller" | "helper" | "both" {
  const page = pages.findLast((one) => one.start <= place);
  if (page === undefined) return "";
  const step = Math.floor((place - page.start) / page.step_ms);
  // A second around it: nobody is loud between two syllables.
  const loud = (lane: Uint8Array): boolean => lane.subarray(Math.max(0, step - 5), step + 6).some((level) => level > SPEAKS);
  const [caller, helper] = [loud(page.callers), loud(page.helpers)];
  if (caller) return helper ? "both" : "caller";
  return helper ? "helper" : "";
}
