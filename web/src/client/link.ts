/**
 * One attachment's link to the hub: a pure machine, with the network, the clock and the randomness outside.
 * The twin of `legato/client/link.py`.
 *
 *     idle ─ start ─▶ opening ─ opened ─▶ greeting ─ attached ─▶ live
 *                       ▲                                          │ closed, silent
 *                       └──────────── waiting ◀────────────────────┘
 *     any ─ replaced, refused for good, detached ─▶ ended
 *
 * The first way back is tried at once; after that the waits double from 50 ms to 2 s, each drawn between half and the
 * whole, so that a thousand pages do not come at the same instant; a hub that has too much to do is left alone (`Rest`).
 * Every method returns what is to be done, in order: a batch is asked to be saved before it is asked to be sent.
 */
import type { Command, Down, DownAttached, DownClosing, DownDiscontinuity, DownRefused, Entry, Event, Medium, State } from "./aliases";
import { commandsIn, written } from "./envelope";
import { evolve } from "./fold";
import { beatOf, hurried, midstOf } from "./modality";
import { Outbox, type Batch } from "./outbox";
import { Rest } from "./rest";
import type { Saved } from "./saved";
import { emptyState, readState } from "./state";

export type Phase = "idle" | "opening" | "greeting" | "live" | "waiting" | "ended";

export interface Ask {
  readonly id: string;
  readonly ticket: string;
  readonly nonce: string;
}

export type Effect =
  | { do: "open" }
  | { do: "send"; text: string }
  | { do: "close" }
  /** Get an access ticket; answer with `ticketed`. */
  | { do: "ask_ticket" }
  /** Sign the nonce; answer with `signed`. */
  | { do: "sign"; ask: Ask }
  /** Keep `toSave()`: at once, or when there is time. */
  | { do: "save"; soon: boolean }
  | { do: "settled"; batch: Batch; refusal: DownRefused | null; level: string }
  /** Folded into the state, each once and in order; none after a snapshot. `gone` left the state's window. */
  | { do: "events"; events: readonly Event[]; gone: readonly Entry[] }
  | { do: "back"; attached: DownAttached }
  | { do: "lost"; from: number; to: number }
  /** Batches that wait have new sequences: old to new. */
  | { do: "renumbered"; sequences: ReadonlyMap<number, number> }
  | { do: "missing"; batches: number }
  /** An envelope that is for the shell: signals, history pages, draining, notices. */
  | { do: "told"; envelope: Down }
  | { do: "ended"; code: number; reason: string };

export interface LinkOptions {
  readonly device: string;
  readonly takes: readonly Medium[];
  readonly gives: readonly Medium[];
  /** The public half (JWK) of the key that resume tickets are bound to. */
  readonly key: Readonly<Record<string, string>> | null;
  readonly require?: string;
  /** Draws from [0, 1). */
  readonly random: () => number;
}

const OPENING_MS = 5_000;
const FIRST_WAIT = 50;
const LONGEST_WAIT = 2_000;
const MOST_TRIES = 16;
const SILENT_BEATS = 3;
/** How long a connection may be silent after the network changed. */
const DOUBT_MS = 1_500;

export class Link {
  phase: Phase = "idle";
  state: State = emptyState();
  attached: DownAttached | null = null;
  /** The hub had too much to do when it was asked last. */
  busy = false;
  /** Round trip of the last ping, ms; null before the first. */
  latency: number | null = null;
  private readonly outbox: Outbox;
  private ticket = "";
  /** The attachment it had last. */
  private attachment = "";
  private holdsState = false;
  private tries = 0;
  private readonly rest: Rest;
  private deadline: number | null = null;
  private heardAt = 0;
  private ping = { n: 0, at: 0 };
  private doubtedUntil: number | null = null;
  /** Since when a dead connection would be missed at once (null: it would not). A silence before that was none. */
  private hurriedAt: number | null = null;

  constructor(
    private saved: Saved,
    private readonly options: LinkOptions,
  ) {
    this.outbox = new Outbox(saved.outbox);
    this.rest = new Rest(options.random);
  }

  /** Plain data that a later page can go on from. */
  toSave(): Saved {
    return { ...this.saved, outbox: this.outbox.saved() };
  }

  /** What the log does not have yet, oldest first. */
  pending(): readonly Batch[] {
    return this.outbox.pending();
  }

  // --- what the world tells it

  /** Begin, with nothing or with what an earlier page kept. */
  start(now: number): Effect[] {
    return this.reopen(now);
  }

  /** An access ticket, as asked for. */
  ticketed(ticket: string, now: number): Effect[] {
    this.ticket = ticket;
    return this.phase === "opening" ? this.open(now) : [];
  }

  /** The proof for a resume ticket, as asked for. */
  signed(ask: Ask, proof: string): Effect[] {
    this.saved = { ...this.saved, resume: { ticket: ask.ticket, proof } };
    const kept: Effect[] = this.phase === "live" ? [send({ type: "kept", ticket: ask.id })] : [];
    return [{ do: "save", soon: false }, ...kept];
  }

  /** The transport is open. */
  opened(now: number): Effect[] {
    if (this.phase !== "opening") return [];
    this.phase = "greeting";
    this.deadline = now + OPENING_MS;
    this.heardAt = now;
    return [send(this.greeting())];
  }

  /** The transport ended, however it did. */
  closed(now: number): Effect[] {
    return this.phase === "opening" || this.phase === "greeting" || this.phase === "live" ? this.lose(now) : [];
  }

  /**
   * The network may have changed: do not wait any longer, and do not trust a connection that looks alive; for `ms` (or
   * three round trips) at most, if it answers nothing.
   */
  nudge(now: number, ms = DOUBT_MS): Effect[] {
    if (this.phase === "live") {
      const doubted = this.doubtedUntil;
      this.doubtedUntil = Math.min(doubted ?? Infinity, now + Math.max(ms, 3 * (this.latency ?? 0)));
      return doubted === null ? this.pinged(now) : [];
    }
    if (this.phase !== "waiting") return [];
    this.tries = 0;
    return this.reopen(now);
  }

  /** Whether the connection may be dead, and has still to answer. */
  get doubted(): boolean {
    return this.doubtedUntil !== null;
  }

  /** There is a better way to the hub: come back over it. */
  move(now: number): Effect[] {
    return this.phase === "live" ? this.lose(now) : [];
  }

  /** Put a batch in line; it is sent until the log has it. */
  put(commands: readonly Command[], now: number): { batch: Batch; effects: Effect[] } {
    const batch = this.outbox.put(written(this.outbox.next, JSON.stringify(commands)));
    this.look(now);
    return { batch, effects: [{ do: "save", soon: false }, ...this.flush(now)] };
  }

  /** Send something that need not survive: a signal, a question. */
  tell(envelope: object): Effect[] {
    return this.phase === "live" ? [send(envelope)] : [];
  }

  /** End the attachment on purpose. */
  detach(): Effect[] {
    const said: Effect[] = this.phase === "live" ? [send({ type: "detach" })] : [];
    return [...said, ...this.end(1000, "detached")];
  }

  /** An envelope came. */
  received(envelope: Down, now: number): Effect[] {
    this.heardAt = now;
    this.doubtedUntil = null;
    const effects = this.told(envelope, now);
    this.look(now);
    return effects;
  }

  private told(envelope: Down, now: number): Effect[] {
    switch (envelope.type) {
      case "attached":
        return this.welcome(envelope, now);
      case "events":
        return this.advance(envelope.events, envelope.position, now);
      case "snapshot":
        return this.take(envelope.snapshot, envelope.position);
      case "acks":
        return [...this.settle(envelope.acks.map(([seq]) => this.outbox.acked(seq, now)), envelope.level), ...this.flush(now)];
      case "refused":
        return this.refused(envelope, now);
      case "discontinuity":
        return this.discontinued(envelope, now);
      case "closing":
        return this.closing(envelope, now);
      case "pong":
        if (envelope.n === this.ping.n && this.ping.n > 0) this.latency = now - this.ping.at;
        return [];
      default:
        return [{ do: "told", envelope }];
    }
  }

  /** When `expire` next has something to do. */
  nextDeadline(): number | null {
    const live = this.phase === "live" ? [this.silentAt, this.ping.at + this.beat, this.outbox.nextDeadline()] : [];
    const times = [this.deadline, ...live].filter((time) => time !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Time passed. */
  expire(now: number): Effect[] {
    const due = this.deadline !== null && now >= this.deadline;
    if (this.phase === "waiting" && due) return this.reopen(now);
    if ((this.phase === "opening" || this.phase === "greeting") && due) return this.lose(now);
    if (this.phase !== "live") return [];
    if (now >= this.silentAt) return this.lose(now);
    return [...(now >= this.ping.at + this.beat ? this.pinged(now) : []), ...this.flush(now)];
  }

  // --- inside

  private get beat(): number {
    return this.attached === null ? OPENING_MS : beatOf(this.attached, this.hurriedAt !== null);
  }

  private get silentAt(): number {
    const since = Math.max(this.heardAt, this.hurriedAt ?? 0);
    return Math.min(since + SILENT_BEATS * this.beat, this.doubtedUntil ?? Infinity);
  }

  private look(now: number): void {
    this.hurriedAt = hurried(this.state, this.attachment, !this.outbox.idle) ? (this.hurriedAt ?? now) : null;
  }

  private pinged(now: number): Effect[] {
    this.ping = { n: this.ping.n + 1, at: now };
    return [send({ type: "ping", n: this.ping.n })];
  }

  private greeting(): object {
    const { producer, position, resume } = this.saved;
    const { device, key, require } = this.options;
    const { takes, gives } = this.state.attachments[this.attachment] ?? this.options;
    const known = { v: 1, producer, position, whole: !this.holdsState, ...(require === undefined ? {} : { require }) };
    const was = midstOf(this.state, this.attachment);
    const come = { device, takes, gives, ...(was === "" ? {} : { was }) };
    if (resume !== null) return { type: "resume", ...known, ...come, ticket: resume.ticket, proof: resume.proof };
    return { type: "attach", ...known, ...come, ticket: this.ticket, ...(key === null ? {} : { key }) };
  }

  private reopen(now: number): Effect[] {
    this.phase = "opening";
    if (this.saved.resume !== null || this.ticket !== "") return this.open(now);
    this.deadline = null;
    return [{ do: "ask_ticket" }];
  }

  private open(now: number): Effect[] {
    this.deadline = now + OPENING_MS;
    return [{ do: "open" }];
  }

  private lose(now: number, wait = 0): Effect[] {
    const full = this.tries === 0 ? 0 : Math.min(FIRST_WAIT * 2 ** (this.tries - 1), LONGEST_WAIT);
    this.tries = Math.min(this.tries + 1, MOST_TRIES);
    this.phase = "waiting";
    this.busy = wait > FIRST_WAIT;
    this.attached = this.latency = this.doubtedUntil = null;
    this.deadline = now + Math.max(wait, Math.floor(full * (0.5 + this.options.random() / 2)));
    return [{ do: "close" }, ...(this.deadline <= now ? this.reopen(now) : [])];
  }

  private end(code: number, reason: string): Effect[] {
    this.phase = "ended";
    this.deadline = this.attached = null;
    return [{ do: "close" }, { do: "ended", code, reason }];
  }

  private welcome(envelope: DownAttached, now: number): Effect[] {
    this.phase = "live";
    this.busy = false;
    this.deadline = null;
    this.tries = 0;
    this.attached = envelope;
    this.attachment = envelope.attachment;
    this.saved = { ...this.saved, session: envelope.session };
    const { snapshot, position, resume, producer, level } = envelope;
    const seen = snapshot != null ? this.take(snapshot, position) : this.folded(envelope.events ?? [], position);
    const settled = this.settle(this.outbox.opened(producer.last, now), level);
    const renumbered = this.renumberAfter(producer.last);
    const sign: Effect[] = resume == null ? [] : [{ do: "sign", ask: resume }];
    return [...sign, { do: "back", attached: envelope }, ...seen, ...settled, ...renumbered, { do: "save", soon: false }, ...this.pinged(now), ...this.flush(now)];
  }

  private take(snapshot: Record<string, unknown>, position: string): Effect[] {
    this.state = readState(snapshot);
    this.holdsState = true;
    this.saved = { ...this.saved, position };
    return [{ do: "save", soon: true }, { do: "events", events: [], gone: [] }];
  }

  /** Live events: dense after the state, or the connection missed something. */
  private advance(events: readonly Event[], position: string, now: number): Effect[] {
    const first = events.find((event) => offsetOf(event) > this.state.offset);
    if (first !== undefined && offsetOf(first) !== this.state.offset + 1) return this.lose(now);
    return this.folded(events, position);
  }

  private folded(events: readonly Event[], position: string): Effect[] {
    const fresh = events.filter((event) => offsetOf(event) > this.state.offset);
    const gone: Entry[] = [];
    for (const event of fresh) {
      const evolved = evolve(this.state, event);
      this.state = evolved.state;
      gone.push(...evolved.gone);
    }
    this.saved = { ...this.saved, position };
    return fresh.length === 0 ? [] : [{ do: "save", soon: true }, { do: "events", events: fresh, gone }];
  }

  private settle(batches: readonly (Batch | null)[], level: string): Effect[] {
    const settled = batches.filter((batch) => batch !== null);
    if (settled.length === 0) return [];
    return [...settled.map((batch): Effect => ({ do: "settled", batch, refusal: null, level })), { do: "save", soon: false }];
  }

  private refused(refusal: DownRefused, now: number): Effect[] {
    const batch = this.outbox.refused(refusal.seq, refusal, now, this.options.random());
    const told: Effect[] = batch === null ? [] : [{ do: "settled", batch, refusal, level: "" }, { do: "save", soon: false }];
    if (refusal.reason === "resume_first") return [...told, ...this.lose(now)];
    // The more often, the later: a hub that says so again has not been helped by it.
    return [...told, ...(this.outbox.stranded ? this.lose(now, this.rest.after(FIRST_WAIT, now)) : this.flush(now))];
  }

  private discontinued(envelope: DownDiscontinuity, now: number): Effect[] {
    const seen = this.take(envelope.snapshot, envelope.position);
    const { producer, lost_from: from, lost_to: to } = envelope;
    if (producer != null) this.outbox.discontinued(producer.last, now);
    // What is on its way on this connection has old numbers: new ones are given on a new connection only.
    const renumber = producer != null && !this.outbox.follows(producer.last);
    const next = renumber ? this.lose(now) : this.flush(now);
    return [{ do: "lost", from, to }, ...seen, { do: "save", soon: false }, ...next];
  }

  /** If the log lost batches that nobody keeps any more, what waits goes on from what it holds. */
  private renumberAfter(last: number): Effect[] {
    if (this.outbox.follows(last)) return [];
    const missing = this.outbox.missing(last);
    const sequences = new Map<number, number>();
    this.outbox.renumbered(last, (seq, batch) => {
      sequences.set(batch.seq, seq);
      return written(seq, commandsIn(batch));
    });
    const told: Effect[] = missing > 0 ? [{ do: "missing", batches: missing }] : [];
    return [...told, { do: "renumbered", sequences }];
  }

  private closing(envelope: DownClosing, now: number): Effect[] {
    const wait = envelope.retry_after_ms ?? 0;
    if (envelope.code === 4001) {
      this.saved = { ...this.saved, resume: null };
      this.ticket = "";
      return [{ do: "save", soon: false }, ...this.lose(now)];
    }
    if (wait < 0) return this.end(envelope.code, envelope.reason);
    return this.lose(now, wait === 0 ? 0 : this.rest.after(wait, now));
  }

  private flush(now: number): Effect[] {
    if (this.phase !== "live") return [];
    return this.outbox.take(now).map((batch) => ({ do: "send", text: batch.raw }));
  }
}

function offsetOf(event: Event): number {
  return event.offset ?? 0;
}

function send(envelope: object): Effect {
  return { do: "send", text: JSON.stringify(envelope) };
}
