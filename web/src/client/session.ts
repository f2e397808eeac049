/**
 * A durable session, for a page to use.
 *
 *     const session = await join({ hub, getTicket })
 *     session.onChange(render)
 *     await session.say("my order number is 4 7 1 1")
 */
import { Link, type Effect } from "./link";
import { openKeep, randomId, type Keep } from "./keep";
import { openSocket, openStream, type Wire } from "./transport";
import type { Command, Down, DownRefused, Entry, Event, Medium, Part, State } from "./aliases";

export type Delivery = "sending" | "sent" | "failed";

/** A message of this page that the log does not have yet, or refused. */
export interface Outgoing {
  readonly message: string;
  readonly parts: readonly Part[];
  readonly delivery: Delivery;
  readonly reason: string;
}

/** What a view is drawn from. Immutable: a change makes a new one. */
export interface View {
  readonly state: State;
  readonly phase: Link["phase"];
  readonly outgoing: readonly Outgoing[];
  readonly participant: string;
  readonly attachment: string;
  readonly level: string;
  /** Round trip of the last beat, ms; null before the first. */
  readonly latency: number | null;
}

export interface Comeback {
  /** From the loss of the connection to the first envelope of the next one, ms on this page's clock. */
  readonly ms: number;
  readonly missed: number;
}

export interface JoinOptions {
  hub?: string;
  session?: string;
  getTicket: () => Promise<string>;
  device?: string;
  takes?: Medium[];
  gives?: Medium[];
  /** Begin with SSE instead of a WebSocket. */
  stream?: boolean;
  require?: string;
}

type Listener<T> = (value: T) => void;

export class RefusedError extends Error {
  constructor(readonly refusal: DownRefused) {
    super(refusal.detail === undefined || refusal.detail === "" ? refusal.reason : refusal.detail);
    this.name = "RefusedError";
  }
}

export class Session {
  view: View;
  private wire: Wire | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly changes = new Set<Listener<View>>();
  private readonly eventListeners = new Set<Listener<readonly Event[]>>();
  private readonly signalListeners = new Set<Listener<readonly Record<string, unknown>[]>>();
  private readonly comebacks = new Set<Listener<Comeback>>();
  private readonly losses = new Set<Listener<{ from: number; to: number }>>();
  private readonly waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  private readonly replies = new Map<number, (envelope: Down) => void>();
  private asked = 0;
  private failed: Outgoing[] = [];
  private lostAt: number | null = null;
  private drawn = false;

  constructor(
    private readonly options: JoinOptions,
    private readonly keep: Keep,
    private readonly link: Link,
  ) {
    this.view = this.look();
    addEventListener("online", this.nudge);
    addEventListener("visibilitychange", this.nudge);
    this.run(link.start(now()));
  }

  /** Called with every new view, at most once a frame of the loop; returns how to stop. */
  onChange(listener: Listener<View>): () => void {
    return subscribe(this.changes, listener);
  }
  /** Called with each event once, in order (a snapshot brings none). */
  onEvents(listener: Listener<readonly Event[]>): () => void {
    return subscribe(this.eventListeners, listener);
  }
  onSignals(listener: Listener<readonly Record<string, unknown>[]>): () => void {
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

  /** Say something; resolves when the log has it. It is kept, over reloads, until then. */
  say(text: string): Promise<void> {
    return this.do([{ type: "post_message", message: randomId("m"), parts: [{ text }] }]);
  }

  /** Send commands as one batch. Resolves when the log has it; rejects with `RefusedError`. */
  do(commands: readonly Command[]): Promise<void> {
    const { batch, effects } = this.link.put(commands, now());
    const done = new Promise<void>((resolve, reject) => this.waiting.set(batch.seq, { resolve, reject }));
    this.run(effects);
    return done;
  }

  /** Stop the answer in progress. */
  async stop(): Promise<void> {
    const open = Object.values(this.link.state.responses).filter((response) => !response.cancel_requested);
    await Promise.all(open.map((response) => this.do([{ type: "cancel_response", response: response.id }])));
  }

  signal(name: string, data: unknown): void {
    this.run(this.link.signal(name, data));
  }

  /** Ended entries before `before` (0: the newest), oldest first, and where the page before begins. */
  history(before: number): Promise<{ entries: Partial<Entry>[]; before: number }> {
    const id = ++this.asked;
    return new Promise((resolve, reject) => {
      this.replies.set(id, (envelope) => envelope.type === "history_page" && resolve({ entries: envelope.entries, before: envelope.before ?? 0 }));
      const effects = this.link.ask({ type: "history", id, before });
      if (effects.length === 0) reject(new Error("not connected"));
      this.run(effects);
    });
  }

  /** The secret that names this connection in HTTP requests (offers, blobs). */
  get connection(): string {
    return this.link.attached?.connection ?? "";
  }

  /** Which process of the hub this page is connected to; a call lives in one. */
  get node(): string {
    return this.link.attached?.node ?? "";
  }

  /** Offer a call; resolves with the hub's answer. */
  async call(sdp: string): Promise<string> {
    const answer = await fetch(`${this.options.hub ?? ""}/v1/sessions/${this.link.attached?.session ?? ""}/calls`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${this.connection}` },
      body: JSON.stringify({ sdp }),
      credentials: "omit",
    });
    if (!answer.ok) throw new Error(`call: ${answer.status}`);
    return ((await answer.json()) as { sdp: string }).sdp;
  }

  /** Break the connection (as a failing network would); the session comes back by itself. */
  cut(): void {
    this.wire?.close();
    this.wire = null;
    this.run(this.link.closed(now()));
  }

  /** End this attachment on purpose and forget what the tab kept. */
  async detach(): Promise<void> {
    removeEventListener("online", this.nudge);
    removeEventListener("visibilitychange", this.nudge);
    this.run(this.link.detach());
    await this.keep.forget();
  }

  private readonly nudge = (): void => {
    if (document.visibilityState === "visible") this.run(this.link.nudge(now()));
  };

  private run(effects: readonly Effect[]): void {
    for (const effect of effects) this.perform(effect);
    this.arm();
    this.draw();
  }

  private perform(effect: Effect): void {
    switch (effect.do) {
      case "open":
        return this.openWire();
      case "send":
        return this.wire?.send(effect.text);
      case "close":
        this.lostAt ??= this.wire === null ? null : performance.now();
        this.wire?.close();
        this.wire = null;
        return;
      case "ask_ticket":
        this.options.getTicket().then(
          (ticket) => this.run(this.link.ticketed(ticket, now())),
          () => setTimeout(() => this.run(this.link.start(now())), 1_000),
        );
        return;
      case "sign":
        void this.keep.sign(`legato-resume-1.${effect.nonce}`).then((proof) => this.run(this.link.signed(effect.id, effect.ticket, proof)));
        return;
      case "save":
        return this.keep.save(this.link.toSave());
      case "settled":
        return this.settle(effect);
      case "events":
        if (effect.events.length > 0) emit(this.eventListeners, effect.events);
        return;
      case "signals":
        return emit(this.signalListeners, effect.signals);
      case "lost":
        return emit(this.losses, { from: effect.from, to: effect.to });
      case "back":
        return this.cameBack();
      case "reply":
        if ("id" in effect.envelope && typeof effect.envelope.id === "number") this.replies.get(effect.envelope.id)?.(effect.envelope);
        return;
      case "ended":
        for (const { reject } of this.waiting.values()) reject(new Error(effect.reason));
        this.waiting.clear();
    }
  }

  private openWire(): void {
    const open = this.options.stream === true ? openStream : openSocket;
    const wire: Wire = open(this.options.hub ?? location.origin, {
      opened: () => this.wire === wire && this.run(this.link.opened(now())),
      received: (text) => this.wire === wire && this.run(this.link.received(JSON.parse(text) as Down, now())),
      closed: () => {
        if (this.wire !== wire) return;
        this.wire = null;
        this.lostAt ??= performance.now();
        this.run(this.link.closed(now()));
      },
    });
    this.wire = wire;
  }

  private settle(effect: Extract<Effect, { do: "settled" }>): void {
    const waiter = this.waiting.get(effect.batch.seq);
    this.waiting.delete(effect.batch.seq);
    if (effect.refusal === null) return waiter?.resolve();
    const refusal = effect.refusal;
    this.failed = [...this.failed, ...outgoing(effect.batch.commands, "failed", refusal.detail ?? refusal.reason)].slice(-16);
    waiter?.reject(new RefusedError(refusal));
  }

  private cameBack(): void {
    if (this.lostAt === null) return;
    const before = this.view.state.offset;
    emit(this.comebacks, { ms: performance.now() - this.lostAt, missed: this.link.state.offset - before });
    this.lostAt = null;
  }

  private arm(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    const deadline = this.link.nextDeadline();
    this.timer = deadline === null ? null : setTimeout(() => this.run(this.link.expire(now())), Math.max(0, deadline - now()));
  }

  private draw(): void {
    if (this.drawn) return;
    this.drawn = true;
    queueMicrotask(() => {
      this.drawn = false;
      this.view = this.look();
      emit(this.changes, this.view);
    });
  }

  private look(): View {
    const known = this.link.state.entries;
    const waiting = this.link.pending().flatMap((batch) => outgoing(batch.commands, "sending", ""));
    return {
      state: this.link.state,
      phase: this.link.phase,
      outgoing: [...this.failed, ...waiting].filter((one) => known[one.message] === undefined),
      participant: this.link.attached?.participant ?? this.view?.participant ?? "",
      attachment: this.link.attached?.attachment ?? this.view?.attachment ?? "",
      level: this.link.attached?.level ?? this.view?.level ?? "",
      latency: this.view?.latency ?? null,
    };
  }
}

/** Join a session, or go on with it after a reload; it comes back by itself from here on. */
export async function join(options: JoinOptions): Promise<Session> {
  const keep = await openKeep(options.session ?? "session");
  const link = new Link(keep.saved, {
    device: options.device ?? "browser",
    takes: options.takes ?? ["text"],
    gives: options.gives ?? ["text"],
    key: keep.publicKey,
    random: Math.random,
    ...(options.require === undefined ? {} : { require: options.require }),
  });
  return new Session(options, keep, link);
}

function now(): number {
  return Math.round(performance.now());
}

function subscribe<T>(set: Set<Listener<T>>, listener: Listener<T>): () => void {
  set.add(listener);
  return () => set.delete(listener);
}

function emit<T>(set: Set<Listener<T>>, value: T): void {
  for (const listener of set) listener(value);
}

function outgoing(commands: readonly Command[], delivery: Delivery, reason: string): Outgoing[] {
  return commands.flatMap((command) => (command.type === "post_message" ? [{ message: command.message, parts: command.parts, delivery, reason }] : []));
}
