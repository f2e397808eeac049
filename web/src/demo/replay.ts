/**
 * Hear it again: from any word on, message after message, out of what the hub keeps of each track.
 *
 * One clip a message, fetched when it is needed and the next one while it plays. It asks for no more than that, so a
 * long session costs no more than a short one.
 */
import type { Event, Message, Session } from "../client";
import { RequestError } from "../client/requests";
import { transcript } from "../client/state";
import { characterAt, endOf, momentOf, recitals, sounds, spokenBy, startOf, textOf, type Recital } from "./recital";

const RATE = 48_000;
/** Heard before the word itself: nobody's times are exact to the sample. */
const BEFORE = 0.1 * RATE;
const AFTER = 0.2 * RATE;
const KEPT_CLIPS = 8;
const PAGES = 10;
const PAGE = 200;
const TRIES = 4;
const BUSY_MS = 700;

export interface Clip {
  readonly message: string;
  /** Whether a person says it. */
  readonly person: boolean;
  readonly recital: Recital;
  readonly buffer: AudioBuffer;
}

/** What is heard again now: `clip` from its start, or (null) fetched still. */
export interface Playing {
  readonly message: string;
  readonly clip: Clip | null;
}

export interface ReplayView {
  readonly playing: Playing | null;
  /** Why nothing sounds; "" if all is well. */
  readonly problem: string;
}

export class Replay {
  view: ReplayView = { playing: null, problem: "" };
  private known: ReadonlyMap<string, Recital> = new Map();
  private readonly clips = new Map<string, Clip>();
  private readonly listeners = new Set<(view: ReplayView) => void>();
  /** What decodes need not be allowed to sound. */
  private decoder: OfflineAudioContext | null = null;
  private context: AudioContext | null = null;
  private playing: AudioBufferSourceNode | null = null;
  private began = 0;
  private turn = 0;

  constructor(private readonly session: Session) {}

  /** Called now and with every change; returns how to stop. */
  onChange(listener: (view: ReplayView) => void): () => void {
    this.listeners.add(listener);
    listener(this.view);
    return () => this.listeners.delete(listener);
  }

  /** The log went on. */
  see(events: readonly Event[]): void {
    this.known = recitals(events, this.known);
  }

  /** Play from `character` (a code point's place in the text) of `message` on; from a gesture. */
  async play(message: string, character: number): Promise<void> {
    const turn = ++this.turn;
    this.silence();
    this.context ??= new AudioContext({ sampleRate: RATE });
    void this.context.resume();
    this.show({ playing: { message, clip: null }, problem: "" });
    try {
      const clip = await this.clip(message);
      if (turn !== this.turn) return;
      if (clip === null) return this.show({ playing: null, problem: "No sound of this is kept." });
      const from = character === 0 ? startOf(clip.recital) : momentOf(clip.recital, character) - BEFORE;
      this.sound(clip, Math.max(0, (from - startOf(clip.recital)) / RATE), turn);
    } catch (problem) {
      if (turn !== this.turn) return;
      const gone = problem instanceof RequestError && problem.status === 404;
      this.show({ playing: null, problem: gone ? "No sound of this is kept." : "The sound could not be fetched. Try again." });
    }
  }

  /** Play from a part (0 to 1) of the message's sound on; from a gesture. */
  async playFrom(message: string, part: number): Promise<void> {
    this.context ??= new AudioContext({ sampleRate: RATE }); // while the gesture counts
    const clip = part > 0 ? await this.clip(message).catch(() => null) : null;
    const at = clip === null ? 0 : characterAt(clip.recital, startOf(clip.recital) + part * clip.buffer.duration * RATE);
    await this.play(message, at);
  }

  stop(): void {
    this.turn += 1;
    this.silence();
    this.show({ playing: null, problem: "" });
  }

  /** Seconds into the clip that plays. */
  get position(): number {
    return this.context === null || this.playing === null ? 0 : Math.max(0, this.context.currentTime - this.began);
  }

  /** The character of its message that is heard now. */
  get character(): number {
    const clip = this.view.playing?.clip ?? null;
    return clip === null ? 0 : characterAt(clip.recital, startOf(clip.recital) + this.position * RATE);
  }

  /** The text of the message as it was written. */
  textOf(message: string): string {
    const found = this.messages().find((one) => one.id === message);
    return found === undefined ? "" : textOf(found);
  }

  private sound(clip: Clip, offset: number, turn: number): void {
    const { context } = this;
    if (context === null) return;
    const source = context.createBufferSource();
    source.buffer = clip.buffer;
    source.connect(context.destination);
    source.onended = () => turn === this.turn && this.goOn(clip.message);
    source.start(0, offset);
    this.playing = source;
    this.began = context.currentTime - offset;
    this.show({ playing: { message: clip.message, clip }, problem: "" });
    const next = this.after(clip.message);
    if (next !== null) void this.clip(next.id).catch(() => undefined); // asked again, and told, when its turn comes
  }

  private goOn(message: string): void {
    const next = this.after(message);
    if (next === null) this.stop();
    else void this.play(next.id, 0);
  }

  private silence(): void {
    if (this.playing !== null) this.playing.onended = null;
    this.playing?.stop();
    this.playing = null;
  }

  private show(view: ReplayView): void {
    this.view = view;
    for (const listener of this.listeners) listener(view);
  }

  private after(message: string): Message | null {
    const all = this.messages();
    const at = all.findIndex((one) => one.id === message);
    const next = all[at + 1] ?? null;
    const { leftOut, past } = this.session.view;
    // What comes next may have been let go of.
    return leftOut > 0 && next !== null && past.includes(all[at] as Message) && !past.includes(next) ? null : next;
  }

  /** The messages of which there is sound, as they stand on the page. */
  private messages(): Message[] {
    const { past, state } = this.session.view;
    const entries = [...past, ...transcript(state)];
    return entries.filter((entry): entry is Message => entry.entry === "message" && sounds(entry));
  }

  /** The sound of a message; null if there is none. The newest ones are kept. */
  async clip(id: string): Promise<Clip | null> {
    const message = this.messages().find((one) => one.id === id);
    const recital = message === undefined ? null : await this.recitalOf(message);
    if (message === undefined || recital === null) return null;
    const known = this.clips.get(id);
    if (known !== undefined && endOf(known.recital) === endOf(recital)) return known;
    const bytes = await this.fetched(recital.track, startOf(recital), endOf(recital) + AFTER);
    const buffer = await (this.decoder ??= new OfflineAudioContext(1, 1, RATE)).decodeAudioData(bytes);
    const clip: Clip = { message: id, person: message.spoken !== null, recital, buffer };
    this.clips.set(id, clip);
    for (const old of [...this.clips.keys()].slice(0, -KEPT_CLIPS)) this.clips.delete(old);
    return clip;
  }

  /** Two recordings are made at a time: a third is asked for again. */
  private async fetched(track: string, start: number, end: number): Promise<ArrayBuffer> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.session.requests.recording(track, Math.floor(start), Math.ceil(end));
      } catch (problem) {
        if (!(problem instanceof RequestError) || problem.status !== 503 || attempt === TRIES) throw problem;
        await new Promise((resolve) => setTimeout(resolve, BUSY_MS));
      }
    }
  }

  private async recitalOf(message: Message): Promise<Recital | null> {
    if (message.spoken !== null) return spokenBy(message, textOf(message));
    const known = this.known.get(message.id);
    // What this page did not see being said is in the log.
    if (known === undefined || endOf(known) < message.speech_end) await this.look(message);
    return this.known.get(message.id) ?? null;
  }

  private async look(message: Message): Promise<void> {
    const earlier = new Map(this.known);
    earlier.delete(message.id);
    this.known = earlier;
    let after = Math.max(0, message.at - 1);
    for (let page = 0; page < PAGES; page += 1) {
      const events = await this.session.requests.events(after, PAGE);
      this.known = recitals(events.filter((event) => event.type === "speech_queued" && event["message"] === message.id), this.known);
      const last = events.at(-1);
      const found = this.known.get(message.id);
      if (last?.offset === undefined || events.length < PAGE || (found !== undefined && endOf(found) >= message.speech_end)) return;
      after = last.offset;
    }
  }
}
