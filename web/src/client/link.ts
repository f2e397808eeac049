/**
 * One attachment's link to the hub: a pure machine, with the network, the clock and the randomness outside.
 *
 *     idle ─ start ─▶ opening ─ open ─▶ greeting ─ attached ─▶ live
 *                       ▲                                        │ closed, silent
 *                       └────────── waiting ◀────────────────────┘
 *     any ─ replaced, refused for good, detached ─▶ ended
 *
 * The first way back is tried at once; after that the waits double from 50 ms to 2 s, each drawn at random
 * between half and the whole, so that a thousand pages do not come at the same instant.
 */
import { emptyState, fold, readState } from "./fold";
import type { Command, Down, DownAttached, DownClosing, DownDiscontinuity, DownRefused, Event, State, Medium } from "./aliases";
import { Outbox, type Batch, type SavedOutbox } from "./outbox";

export type Phase = "idle" | "opening" | "greeting" | "live" | "waiting" | "ended";

/** What survives a reload. */
export interface Saved {
  producer: string;
  attachment: string;
  session: string;
  position: string;
  resume: { id: string; ticket: string; proof: string } | null;
  outbox: SavedOutbox;
}

export type Effect =
  | { do: "open" }
  | { do: "send"; text: string }
  | { do: "close" }
  | { do: "ask_ticket" }
  | { do: "sign"; nonce: string; id: string; ticket: string }
  | { do: "save" }
  | { do: "settled"; batch: Batch; refusal: DownRefused | null }
  | { do: "events"; events: readonly Event[] }
  | { do: "signals"; signals: readonly Record<string, unknown>[] }
  | { do: "lost"; from: number; to: number }
  | { do: "back"; away_ms: number }
  | { do: "reply"; envelope: Down }
  | { do: "ended"; reason: string };

export interface LinkOptions {
  device: string;
  takes: Medium[];
  gives: Medium[];
  key: Record<string, string> | null;
  require?: string;
  random: () => number;
}

const OPENING_MS = 5_000;
const FIRST_WAIT = 50;
const LONGEST_WAIT = 2_000;
const SILENT_BEATS = 3;

export class Link {
  phase: Phase = "idle";
  state: State = emptyState();
  attached: DownAttached | null = null;
  private outbox: Outbox;
  private saved: Saved;
  private ticket = "";
  private holdsState = false;
  private tries = 0;
  private deadline: number | null = null;
  private heardAt = 0;
  private spokeAt = 0;
  private beat = 3_000;

  constructor(
    saved: Saved,
    private readonly options: LinkOptions,
  ) {
    this.saved = saved;
    this.outbox = new Outbox(saved.outbox);
  }

  /** Plain data that a later page can go on from. */
  toSave(): Saved {
    return { ...this.saved, outbox: this.outbox.saved() };
  }

  pending(): readonly Batch[] {
    return this.outbox.pending();
  }

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
  signed(id: string, ticket: string, proof: string): Effect[] {
    this.saved.resume = { id, ticket, proof };
    const kept: Effect[] = this.phase === "live" ? [this.send({ type: "kept", ticket: id })] : [];
    return [{ do: "save" }, ...kept];
  }

  /** The transport is open. */
  opened(now: number): Effect[] {
    if (this.phase !== "opening") return [];
    this.phase = "greeting";
    this.deadline = now + OPENING_MS;
    this.spokeAt = this.heardAt = now;
    return [this.send(this.greeting())];
  }

  /** The transport ended, however it did. */
  closed(now: number): Effect[] {
    if (this.phase === "ended" || this.phase === "waiting" || this.phase === "idle") return [];
    return this.lost(now);
  }

  /** The network may be back: do not wait any longer. */
  nudge(now: number): Effect[] {
    if (this.phase !== "waiting") return [];
    this.tries = 0;
    return this.reopen(now);
  }

  put(commands: readonly Command[], now: number): { batch: Batch; effects: Effect[] } {
    const batch = this.outbox.put(commands);
    return { batch, effects: [{ do: "save" }, ...this.flush(now)] };
  }

  signal(name: string, data: unknown): Effect[] {
    return this.phase === "live" ? [this.send({ type: "signal", name, data })] : [];
  }

  ask(envelope: Record<string, unknown>): Effect[] {
    return this.phase === "live" ? [this.send(envelope)] : [];
  }

  /** End the attachment on purpose. */
  detach(): Effect[] {
    const said: Effect[] = this.phase === "live" ? [this.send({ type: "detach" })] : [];
    return [...said, ...this.end("detached")];
  }

  received(envelope: Down, now: number): Effect[] {
    this.heardAt = now;
    switch (envelope.type) {
      case "attached":
        return this.welcome(envelope, now);
      case "events":
        return this.fold(envelope.events, envelope.position);
      case "snapshot":
        this.take(envelope.snapshot, envelope.position);
        return [{ do: "save" }, { do: "events", events: [] }];
      case "acks":
        return this.settle(
          envelope.acks.map(([seq]) => this.outbox.acked(seq, now)),
          now,
        );
      case "refused":
        return this.refused(envelope, now);
      case "discontinuity":
        return this.discontinued(envelope, now);
      case "signals":
        return [{ do: "signals", signals: envelope.signals }];
      case "closing":
        return this.closing(envelope, now);
      case "draining":
      case "pong":
        return [];
      default:
        return [{ do: "reply", envelope }];
    }
  }

  /** When `expire` next has something to do. */
  nextDeadline(): number | null {
    const times = [this.deadline];
    if (this.phase === "live") times.push(this.spokeAt + this.beat, this.heardAt + SILENT_BEATS * this.beat, this.outbox.nextDeadline());
    return times.reduce<number | null>((least, time) => (time === null ? least : least === null ? time : Math.min(least, time)), null);
  }

  expire(now: number): Effect[] {
    if (this.phase === "waiting" && this.due(now)) return this.reopen(now);
    if ((this.phase === "opening" || this.phase === "greeting") && this.due(now)) return this.lost(now);
    if (this.phase !== "live") return [];
    if (now >= this.heardAt + SILENT_BEATS * this.beat) return this.lost(now);
    const ping: Effect[] = now >= this.spokeAt + this.beat ? [this.send({ type: "ping", n: 0 })] : [];
    if (ping.length > 0) this.spokeAt = now;
    return [...ping, ...this.flush(now)];
  }

  private due(now: number): boolean {
    return this.deadline !== null && now >= this.deadline;
  }

  private send(envelope: object): Effect {
    return { do: "send", text: JSON.stringify(envelope) };
  }

  private greeting(): object {
    const { producer, position, resume } = this.saved;
    const known = { v: 1, producer, position, whole: !this.holdsState, ...(this.options.require ? { require: this.options.require } : {}) };
    if (resume !== null) return { type: "resume", ...known, ticket: resume.ticket, proof: resume.proof };
    const { device, takes, gives, key } = this.options;
    return { type: "attach", ...known, ticket: this.ticket, device, takes, gives, ...(key === null ? {} : { key }) };
  }

  private reopen(now: number): Effect[] {
    this.phase = "opening";
    this.deadline = now + OPENING_MS;
    if (this.saved.resume === null && this.ticket === "") {
      this.deadline = null;
      return [{ do: "ask_ticket" }];
    }
    return this.open(now);
  }

  private open(now: number): Effect[] {
    this.deadline = now + OPENING_MS;
    return [{ do: "open" }];
  }

  private lost(now: number, wait = 0): Effect[] {
    const full = this.tries === 0 ? 0 : Math.min(FIRST_WAIT * 2 ** (this.tries - 1), LONGEST_WAIT);
    this.tries += 1;
    this.phase = "waiting";
    this.attached = null;
    this.deadline = now + Math.max(wait, Math.round(full * (0.5 + this.options.random() / 2)));
    return [{ do: "close" }, ...(this.due(now) ? this.reopen(now) : [])];
  }

  private end(reason: string): Effect[] {
    this.phase = "ended";
    this.deadline = null;
    return [{ do: "close" }, { do: "ended", reason }];
  }

  private welcome(envelope: DownAttached, now: number): Effect[] {
    this.phase = "live";
    this.deadline = null;
    this.tries = 0;
    this.attached = envelope;
    this.beat = envelope.beat_ms;
    const { session, attachment } = envelope;
    this.saved = { ...this.saved, session, attachment };
    const events = envelope.events ?? [];
    if (envelope.snapshot != null) this.take(envelope.snapshot, envelope.position);
    else this.advance(events, envelope.position);
    const settled = this.settle(this.outbox.opened(envelope.producer.last, now), now);
    const sign: Effect[] = envelope.resume == null ? [] : [{ do: "sign", ...pick(envelope.resume) }];
    return [...sign, { do: "save" }, { do: "back", away_ms: envelope.away_ms ?? 0 }, { do: "events", events }, ...settled];
  }

  private take(snapshot: Record<string, unknown>, position: string): void {
    this.state = readState(snapshot);
    this.holdsState = true;
    this.saved.position = position;
  }

  private advance(events: readonly Event[], position: string): Event[] {
    const fresh = events.filter((event) => (event.offset ?? 0) > this.state.offset);
    this.state = fold(fresh, this.state);
    this.saved.position = position;
    return fresh;
  }

  private fold(events: readonly Event[], position: string): Effect[] {
    const first = events.find((event) => (event.offset ?? 0) > this.state.offset);
    if (first !== undefined && first.offset !== this.state.offset + 1) return this.lost(this.heardAt);
    const fresh = this.advance(events, position);
    return fresh.length === 0 ? [] : [{ do: "save" }, { do: "events", events: fresh }];
  }

  private settle(batches: readonly (Batch | null)[], now: number): Effect[] {
    const settled: Effect[] = batches.filter((batch) => batch !== null).map((batch) => ({ do: "settled", batch, refusal: null }));
    return [...settled, ...(settled.length > 0 ? [{ do: "save" } as const] : []), ...this.flush(now)];
  }

  private refused(refusal: DownRefused, now: number): Effect[] {
    const batch = this.outbox.refused(refusal, now);
    if (refusal.reason === "resume_first" || refusal.reason === "stale_token") {
      return [...(batch === null ? [] : [{ do: "settled", batch, refusal } as const]), ...this.lost(now)];
    }
    return [...(batch === null ? [] : [{ do: "settled", batch, refusal } as const, { do: "save" } as const]), ...this.flush(now)];
  }

  private discontinued(envelope: DownDiscontinuity, now: number): Effect[] {
    this.take(envelope.snapshot, envelope.position);
    if (envelope.producer != null) this.outbox.discontinued(envelope.producer.last, now);
    return [{ do: "save" }, { do: "lost", from: envelope.lost_from, to: envelope.lost_to }, { do: "events", events: [] }, ...this.flush(now)];
  }

  private closing(envelope: DownClosing, now: number): Effect[] {
    if (envelope.code === 4001) {
      this.saved.resume = null;
      this.ticket = "";
      return this.lost(now);
    }
    if ((envelope.retry_after_ms ?? 0) < 0) return this.end(envelope.reason);
    return this.lost(now, envelope.retry_after_ms ?? 0);
  }

  private flush(now: number): Effect[] {
    if (this.phase !== "live") return [];
    const out = this.outbox.take(now);
    if (out.length > 0) this.spokeAt = now;
    return out.map((text) => ({ do: "send", text }));
  }
}

function pick(resume: { id: string; ticket: string; nonce: string }): { id: string; ticket: string; nonce: string } {
  return { id: resume.id, ticket: resume.ticket, nonce: resume.nonce };
}

