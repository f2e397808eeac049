/**
 * A durable session, for a page to use.
 *
 *     const session = await join({ session, getTicket })
 *     session.onChange(render)
 *     await session.say("my order number is 4 7 1 1")
 *
 * It comes back by itself whenever the connection breaks, over reloads too, and sends what was not acknowledged again;
 * the hub does each batch once.
 */
import type { Command, Down, DownNotice, DownRefused, Entry, Event, PlayedUntil, State } from "./aliases";
import { tellAttention } from "./attention";
import { ClientTools, type ToolFunction } from "./client_tools";
import { Driver, now, type Ears } from "./driver";
import { commandsOf } from "./envelope";
import { openKeep, type Keep } from "./keep";
import { Link } from "./link";
import type { Batch } from "./outbox";
import { Past } from "./past";
import { Queued } from "./queued";
import { RequestError, Requests } from "./requests";
import { Route } from "./route";
import type { Failed } from "./saved";
import { Sounds } from "./sounds";
import { of, readEntry } from "./state";
import { EndedError, outgoing, RefusedError, type Comeback, type JoinOptions, type View } from "./view";
import { Verbs } from "./verbs";
import { Waiting } from "./waiting";

type Listener<T> = (value: T) => void;
type Page = Extract<Down, { type: "history_page" }>;
export type Signals = readonly Record<string, unknown>[];

const KEPT_FAILED = 16;
const HISTORY_MS = 10_000;
/** The hub ends a connection on which more than 64 kB came at once: such a batch must never be in line. */
const MOST_BATCH = 64_000;

export class Session extends Verbs {
  view: View;
  /** Calls, images and files. */
  readonly requests: Requests;
  /** The way of sound over this session's connection. */
  readonly sounds: Sounds;
  /** Names what this tab keeps over a reload: no other living tab has it. */
  readonly slot: string;
  private readonly driver: Driver;
  private readonly past = new Past();
  private readonly waiting = new Waiting();
  private readonly queued = new Queued();
  private readonly changes = new Set<Listener<View>>();
  private readonly eventListeners = new Set<Listener<readonly Event[]>>();
  private readonly signalListeners = new Set<Listener<Signals>>();
  private readonly comebacks = new Set<Listener<Comeback>>();
  private readonly losses = new Set<Listener<{ from: number; to: number }>>();
  private readonly notices = new Set<Listener<DownNotice>>();
  private readonly gaps = new Set<Listener<number>>();
  private readonly pages = new Map<number, Listener<Page>>();
  private readonly tools = new ClientTools(this);
  private asked = 0;
  private ended: View["ended"] = null;
  private drawing = false;
  private filling = false;

  constructor(options: JoinOptions, keep: Keep, private readonly machine: Link) {
    super();
    this.slot = keep.saved.producer;
    const base = (options.hub ?? location.origin).replace(/\/$/, "");
    this.driver = new Driver(machine, base, keep, options.getTicket, new Route(options.only ?? null), this.ears());
    this.requests = new Requests(base, options.getTicket, () => this.view.session || keep.saved.session, () => this.machine.attached?.connection ?? "");
    this.sounds = new Sounds(
      () => machine.attached,
      (envelope) => this.tell(envelope),
      (envelope) => this.driver.sendAudio(envelope),
      () => this.driver.route.way === "socket", // a stream carries text
    );
    this.view = this.look(null);
    this.driver.start();
  }

  /** Called with every new view, changes that come together being one; returns how to stop. */
  onChange(listener: Listener<View>): () => void {
    return subscribe(this.changes, listener);
  }
  /** Called with each event once, in order; with none when the state was given as a whole. */
  onEvents(listener: Listener<readonly Event[]>): () => void {
    return subscribe(this.eventListeners, listener);
  }
  onSignals(listener: Listener<Signals>): () => void {
    return subscribe(this.signalListeners, listener);
  }
  /** Called when the session is back after its connection was lost. */
  onComeback(listener: Listener<Comeback>): () => void {
    return subscribe(this.comebacks, listener);
  }
  /** Called when acknowledged events turned out to be lost for good. */
  onLoss(listener: Listener<{ from: number; to: number }>): () => void {
    return subscribe(this.losses, listener);
  }
  /** Called when somebody else showed a ticket of this tab's: nothing came of it, and the tab's user should know. */
  onNotice(listener: Listener<DownNotice>): () => void {
    return subscribe(this.notices, listener);
  }
  /** Called with how many batches of this tab were acknowledged, are not in the log and cannot be sent again. */
  onMissing(listener: Listener<number>): () => void {
    return subscribe(this.gaps, listener);
  }

  /** Send commands as one batch. Rejects with `RefusedError` or `EndedError`. */
  do(commands: readonly Command[]): Promise<string> {
    if (this.ended !== null) return Promise.reject(new EndedError(this.ended.code, this.ended.reason));
    if (new TextEncoder().encode(JSON.stringify(commands)).length > MOST_BATCH) return Promise.reject(this.tooLarge(commands));
    const { batch, effects } = this.machine.put(commands, now());
    const done = this.waiting.for(batch.seq);
    this.driver.run(effects);
    return done;
  }

  /** Send a message that was refused again, under the same id. Rejects as `do` does: `not_found` if there is no such message. */
  retry(message: string): Promise<string> {
    const failed = this.driver.failed.find((one) => holds(one, message));
    if (failed === undefined) return Promise.reject(new RefusedError({ type: "refused", seq: 0, reason: "not_found", detail: "no such message" }));
    this.discard(message);
    return this.do(JSON.parse(failed.commands) as Command[]);
  }

  /** Let go of a message that was refused. */
  discard(message: string): void {
    this.driver.keepFailed(this.driver.failed.filter((one) => !holds(one, message)));
    this.draw();
  }

  /**
   * An address at which one other device goes on with this session, as this participant, without logging in: good once,
   * for ten minutes. The ticket is in its fragment, which no server is sent. `page` is where that device finds the page.
   */
  async link(page = `${location.origin}${location.pathname}`): Promise<string> {
    return `${page}#${this.view.session}&invite=${await this.requests.invite()}`;
  }

  /** This page can run the agent's tool of that name (one that `runs="client"`); what `run` resolves with is the result. */
  tool(name: string, run: ToolFunction): void {
    this.tools.add(name, run);
  }

  /** Tell everyone something that need not survive. */
  signal(name: string, data: unknown): void {
    this.driver.run(this.machine.tell({ type: "signal", name, data }));
  }

  /**
   * Say that this page calls by its ticket from now on, and what it `heard` last; false: it cannot be said now, and need not be.
   * `password`: of this page's side of ICE; `again`: nobody asked for it, and it takes the voice from no other device.
   */
  dial(call: string, ready: boolean, heard: PlayedUntil | null = null, password = "", again = false): boolean {
    const said = { ...(heard === null ? {} : { heard }), ...(again ? { again } : {}) };
    return this.tell({ type: "dial", call, password, ready, ...said });
  }

  /**
   * Ask for older entries; they are in the next view's `past`. Where it would hold more than 50 000, its newest are let go of
   * (`leftOut`). Rejects with `RequestError` (`unavailable`) while not connected, or `EndedError`.
   */
  async earlier(): Promise<void> {
    const before = this.past.earlier(this.machine.state);
    if (before > 0) await this.page(before, (entries) => this.past.page(entries, before, this.machine.state));
  }

  /** Ask for what comes after `past`, where some were let go of: the oldest go instead. Rejects as `earlier` does. */
  async later(): Promise<void> {
    const before = this.past.after(this.machine.state);
    if (before > 0) await this.page(before, (entries) => this.past.later(entries, before, this.machine.state));
  }

  /** Who reads is at what goes on, again: a `past` that does not go up to it is let go of, and the newest are kept from now on. */
  newest(): void {
    if (this.past.newest(this.machine.state)) this.draw();
  }

  /** Which process of the hub this page is connected to ("": none now); a call lives in one. */
  get node(): string {
    return this.machine.attached?.node ?? "";
  }

  /** What a browser subscribes with to be told by Web Push; "" where the hub does not tell, or is not reached. */
  get pushKey(): string {
    return this.machine.attached?.push ?? "";
  }

  /** The network may be another one: do not trust a connection that looks alive, nor for longer than `ms` without an answer. */
  nudge(ms?: number): void {
    this.driver.run(this.machine.nudge(now(), ms));
  }

  /** Whether the connection has not answered yet since it was nudged. */
  get doubted(): boolean {
    return this.machine.doubted;
  }

  /** Pretend that the network fails for `ms`; the session comes back by itself. */
  cut(ms = 0): void {
    this.driver.cut(ms);
  }

  /** End this attachment on purpose and forget what the tab kept. */
  detach(): Promise<void> {
    return this.driver.stop();
  }

  // --- inside

  protected override here(): { state: State; participant: string } {
    return { state: this.machine.state, participant: this.view.participant };
  }

  private ears(): Ears {
    return {
      changed: () => this.draw(),
      events: (events, gone) => this.folded(events, gone),
      settled: (batch, refusal, level) => this.settled(batch, refusal, level),
      renumbered: (sequences) => this.waiting.renumber(sequences),
      back: (lostAt) => this.back(lostAt),
      lost: (from, to) => this.lost(from, to),
      missing: (batches) => emit(this.gaps, batches),
      told: (envelope) => this.told(envelope),
      heard: (envelope) => this.sounds.heard(envelope),
      away: () => this.sounds.away(),
      ended: (code, reason) => {
        this.ended = { code, reason };
        this.waiting.fail(new EndedError(code, reason));
      },
    };
  }

  private folded(events: readonly Event[], gone: readonly Entry[]): void {
    this.past.add(gone);
    emit(this.eventListeners, events);
    const hole = this.past.hole(this.machine.state);
    if (hole > 0 && !this.filling) {
      this.filling = true;
      const fill = (entries: readonly Entry[]): void => this.past.page(entries, hole, this.machine.state);
      void this.page(hole, fill).catch(() => undefined).finally(() => (this.filling = false));
    }
  }

  private settled(batch: Batch, refusal: DownRefused | null, level: string): void {
    this.waiting.settle(batch.seq, refusal, level);
    if (refusal !== null) this.failedWith(commandsOf(batch), refusal);
  }

  private failedWith(commands: readonly Command[], refusal: DownRefused): void {
    if (outgoing(commands, "failed", "").length === 0) return;
    const failed: Failed = { commands: JSON.stringify(commands), reason: refusal.detail || refusal.reason };
    this.driver.keepFailed([...this.driver.failed, failed].slice(-KEPT_FAILED));
  }

  private tooLarge(commands: readonly Command[]): Error {
    const refusal: DownRefused = { type: "refused", seq: 0, reason: "too_large", detail: "it is too long" };
    this.failedWith(commands, refusal);
    this.draw();
    return new RefusedError(refusal);
  }

  private tell(envelope: object): boolean {
    const effects = this.machine.tell(envelope);
    this.driver.run(effects);
    return effects.length > 0;
  }

  private back(lostAt: number | null): void {
    queueMicrotask(() => this.sounds.back());
    if (lostAt === null) return;
    const before = this.machine.state.offset;
    // The state is brought to the new position right after this.
    queueMicrotask(() => emit(this.comebacks, { ms: performance.now() - lostAt, missed: this.machine.state.offset - before }));
  }

  private lost(from: number, to: number): void {
    this.past.lost(from, this.machine.state);
    emit(this.losses, { from, to });
  }

  private told(envelope: Down): void {
    this.sounds.told(envelope);
    if (envelope.type === "signals") {
      if (this.queued.told(envelope.signals)) this.draw();
      emit(this.signalListeners, envelope.signals);
    }
    if (envelope.type === "notice") emit(this.notices, envelope);
    if (envelope.type === "history_page") this.pages.get(envelope.id)?.(envelope);
  }

  private page(before: number, keep: (entries: readonly Entry[]) => void): Promise<void> {
    const id = ++this.asked;
    const effects = this.machine.tell({ type: "history", id, before });
    return new Promise((resolve, reject) => {
      if (effects.length === 0) return reject(this.ended === null ? new RequestError(0, "unavailable", "not connected") : new EndedError(this.ended.code, this.ended.reason));
      const timer = setTimeout(() => {
        this.pages.delete(id);
        reject(new RequestError(0, "unavailable", "no answer"));
      }, HISTORY_MS);
      this.pages.set(id, (page) => {
        clearTimeout(timer);
        this.pages.delete(id);
        keep(page.entries.map(readEntry));
        this.draw();
        resolve();
      });
      this.driver.run(effects);
    });
  }

  private draw(): void {
    if (this.drawing) return;
    this.drawing = true;
    queueMicrotask(() => {
      this.drawing = false;
      this.view = this.look(this.view);
      emit(this.changes, this.view);
    });
  }

  private look(before: View | null): View {
    const { state, phase, busy, attached, latency } = this.machine;
    const failed = this.driver.failed.flatMap((one) => outgoing(JSON.parse(one.commands) as Command[], "failed", one.reason));
    const sending = this.machine.pending().flatMap((batch) => outgoing(commandsOf(batch), "sending", ""));
    return {
      state,
      phase,
      busy,
      ended: this.ended,
      outgoing: [...failed, ...sending].filter((one) => of(state.entries, one.message) === undefined),
      past: this.past.entries,
      hasEarlier: this.past.before(state) > 0,
      leftOut: this.past.leftOut(state),
      session: attached?.session ?? before?.session ?? "",
      participant: attached?.participant ?? before?.participant ?? "",
      attachment: attached?.attachment ?? before?.attachment ?? "",
      level: attached?.level ?? before?.level ?? "",
      way: this.driver.route.way,
      latency,
      kept: this.driver.kept,
      place: this.queued.place(state),
    };
  }
}

/** Join a session, or go on with it after a reload. */
export async function join(options: JoinOptions): Promise<Session> {
  const keep = await (options.keep ?? openKeep(options.session ?? "session"));
  const link = new Link(keep.saved, {
    device: options.device ?? "browser",
    takes: options.takes ?? ["text"],
    gives: options.gives ?? ["text"],
    key: keep.publicKey,
    random: Math.random,
    ...(options.require === undefined ? {} : { require: options.require }),
  });
  const session = new Session(options, keep, link);
  tellAttention(session);
  return session;
}

function holds(failed: Failed, message: string): boolean {
  const commands = JSON.parse(failed.commands) as Command[];
  return outgoing(commands, "failed", "").some((one) => one.message === message);
}

function subscribe<T>(set: Set<Listener<T>>, listener: Listener<T>): () => void {
  set.add(listener);
  return () => set.delete(listener);
}

function emit<T>(set: ReadonlySet<Listener<T>>, value: T): void {
  for (const listener of set) listener(value);
}
