/** Drives a link: does its effects with wires, timers and storage, and tells what comes of them. Decides nothing. */
import type { Down, DownRefused, Entry, Event } from "./aliases";
import type { Keep } from "./keep";
import type { Ask, Effect, Link } from "./link";
import type { Batch } from "./outbox";
import { Route } from "./route";
import type { Failed, Saved } from "./saved";
import { openSocket } from "./socket";
import { openStream } from "./stream";
import type { Wire } from "./wire";

/** Who is told. `lostAt` is when the connection that came back was lost, by `performance.now()`. */
export interface Ears {
  changed(): void;
  events(events: readonly Event[], gone: readonly Entry[]): void;
  settled(batch: Batch, refusal: DownRefused | null, level: string): void;
  renumbered(sequences: ReadonlyMap<number, number>): void;
  back(lostAt: number | null): void;
  lost(from: number, to: number): void;
  missing(batches: number): void;
  told(envelope: Down): void;
  heard(envelope: ArrayBuffer): void;
  away(): void;
  ended(code: number, reason: string): void;
}

export class Driver {
  /** Whether the last save found room. */
  kept = true;
  failed: readonly Failed[];
  private wire: Wire | null = null;
  /** Whether something came over it. */
  private carried = false;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private lookTimer: ReturnType<typeof setTimeout> | null = null;
  private lostAt: number | null = null;
  private outage = false;

  constructor(
    readonly link: Link,
    private readonly base: string,
    private readonly keep: Keep,
    private readonly getTicket: () => Promise<string>,
    readonly route: Route,
    private readonly ears: Ears,
  ) {
    this.failed = keep.saved.failed;
  }

  start(): void {
    addEventListener("online", this.nudge);
    document.addEventListener("visibilitychange", this.nudge);
    this.run(this.link.start(now()));
  }

  /** End the attachment on purpose and forget what the tab kept. */
  async stop(): Promise<void> {
    this.run(this.link.detach());
    await this.keep.forget();
  }

  run(effects: readonly Effect[]): void {
    for (const effect of effects) this.perform(effect);
    this.arm();
    this.ears.changed();
  }

  /** Messages that were refused, kept with the rest. */
  keepFailed(failed: readonly Failed[]): void {
    this.failed = failed;
    this.save(false);
  }

  /** What an outage does: the connection breaks, and for `ms` no other gets through. */
  cut(ms: number): void {
    this.outage = true;
    this.wire?.close();
    this.wire = null;
    this.ears.away();
    this.run(this.link.closed(now()));
    setTimeout(() => {
      this.outage = false;
      this.lostAt = performance.now();
      this.run(this.link.nudge(now()));
    }, ms);
  }

  /** Send a binary envelope; false: not now. */
  sendAudio(envelope: Uint8Array<ArrayBuffer>): boolean {
    return this.link.phase === "live" && this.wire !== null && this.wire.sendAudio(envelope);
  }

  private readonly nudge = (): void => {
    if (document.visibilityState !== "visible") return;
    this.run([...this.link.expire(now()), ...this.link.nudge(now())]);
  };

  private perform(effect: Effect): void {
    switch (effect.do) {
      case "open":
        return this.open();
      case "send":
        return this.wire?.send(effect.text);
      case "close":
        return this.letGo();
      case "ask_ticket":
        return void this.ask();
      case "sign":
        return void this.sign(effect.ask);
      case "save":
        return this.save(effect.soon);
      case "settled":
        return this.ears.settled(effect.batch, effect.refusal, effect.level);
      case "events":
        return this.ears.events(effect.events, effect.gone);
      case "renumbered":
        return this.ears.renumbered(effect.sequences);
      case "back":
        return this.cameBack();
      case "lost":
        return this.ears.lost(effect.from, effect.to);
      case "missing":
        return this.ears.missing(effect.batches);
      case "told":
        return this.ears.told(effect.envelope);
      case "ended":
        return this.finish(effect.code, effect.reason);
    }
  }

  private save(soon: boolean): void {
    const saved: Saved = { ...this.link.toSave(), failed: this.failed };
    this.kept = this.keep.save(saved, soon);
  }

  private async ask(): Promise<void> {
    try {
      const ticket = await this.getTicket();
      this.run(this.link.ticketed(ticket, now()));
    } catch {
      this.run(this.link.closed(now())); // whoever gives tickets is away too: the link waits, and asks again
    }
  }

  private async sign(ask: Ask): Promise<void> {
    const proof = await this.keep.prove(ask.nonce);
    if (proof !== null) this.run(this.link.signed(ask, proof));
  }

  private letGo(): void {
    if (this.wire === null) return;
    this.cameToNothing(); // some proxies keep a WebSocket's opening to themselves, and end nothing
    this.lostAt ??= performance.now();
    this.wire.close();
    this.wire = null;
    this.ears.away();
  }

  private open(): void {
    const open = this.route.way === "socket" ? openSocket : openStream;
    this.carried = false;
    const on = {
      opened: () => this.wire === wire && this.run(this.link.opened(now())),
      received: (envelope: Down) => {
        if (this.wire !== wire) return;
        if (!this.carried) this.route.carried();
        this.carried = true;
        this.run(this.link.received(envelope, now()));
      },
      heard: (envelope: ArrayBuffer) => this.wire === wire && this.ears.heard(envelope),
      closed: () => {
        if (this.wire !== wire) return;
        this.wire = null;
        this.ears.away();
        this.lostAt ??= performance.now();
        this.cameToNothing();
        this.run(this.link.closed(now()));
      },
    };
    const wire: Wire = this.outage ? { send: () => undefined, sendAudio: () => false, close: () => undefined } : open(this.base, on);
    this.wire = wire;
    if (this.outage) queueMicrotask(on.closed);
  }

  /** A wire is over. Without any network the other way would not get through either. */
  private cameToNothing(): void {
    if (!this.carried && !this.outage && navigator.onLine) this.route.failed();
  }

  private cameBack(): void {
    const { lostAt } = this;
    this.lostAt = null;
    this.ears.back(lostAt);
    this.look();
  }

  /** While a stream carries the session, see from time to time whether a WebSocket gets through. */
  private look(): void {
    if (this.lookTimer !== null) clearTimeout(this.lookTimer);
    const wait = this.route.nextLook();
    if (wait === null) return;
    this.lookTimer = setTimeout(() => {
      const found = openSocket(this.base, {
        opened: () => {
          found.close();
          this.route.found();
          this.run(this.link.move(now()));
        },
        received: () => undefined,
        heard: () => undefined,
        closed: () => this.look(),
      });
    }, wait);
  }

  private finish(code: number, reason: string): void {
    removeEventListener("online", this.nudge);
    document.removeEventListener("visibilitychange", this.nudge);
    if (this.lookTimer !== null) clearTimeout(this.lookTimer);
    this.ears.ended(code, reason);
  }

  private arm(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    const deadline = this.link.nextDeadline();
    this.timer = deadline === null ? null : setTimeout(() => this.run(this.link.expire(now())), Math.max(0, deadline - now()));
  }
}

/** This page's clock: monotonic ms. */
export function now(): number {
  return Math.floor(performance.now());
}
