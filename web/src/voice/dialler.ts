/**
 * Peers ready to call: one is always made beforehand, so that a call costs nothing but the way to the hub and back.
 * With a ticket the hub need not be asked; without one the peer's offer is sent to it. While somebody is near the button
 * that calls, a peer also *waits*: its handshake is done, and the hub says nothing until the page does (`dial`).
 */
import type { Session } from "../client";
import type { CallTicket } from "../client/requests";
import { ask, type OfferFacts } from "./answer";
import type { Early } from "./early";
import { Peer } from "./peer";
import { fingerprintOf, keepPurse, openPurse, usable, type Kept } from "./purse";

/** How long a peer waits for somebody who came near. The browser's checks keep a phone's radio awake meanwhile. */
const NEAR_MS = 30_000;
/** How long such a peer may take to stand. */
const STANDS_MS = 2_000;
/** How long it tries further ways to the hub once it stands, and how often it is seen which it has found. */
const REACHES_MS = 1_000;
const LOOK_MS = 50;

export class Dialler {
  private readonly purse: Promise<Kept>;
  /** The node that gave the ticket. */
  node = "";
  private ticket: CallTicket | null = null;
  private spare: Peer | null = null;
  private waiting: Peer | null = null;
  private turn = 0;
  private talks = false;
  /** For calls that wait, from `waitsAt`. */
  private quiet: CallTicket | null = null;
  private waitsAt = "";
  private leaving: ReturnType<typeof setTimeout> | null = null;
  /** What offers of this browser say. */
  private facts: OfferFacts | null = null;
  private preparing: Promise<void> | null = null;
  private nearing: Promise<void> | null = null;

  /** `dressed` is shown each sender before its offer is made; `shown` the sound of the peer that waits (null: none does). */
  constructor(
    private readonly session: Session,
    private readonly dressed: (sender: RTCRtpSender) => void,
    private readonly shown: (track: MediaStreamTrack | null) => void = () => undefined,
    early: Early | null = null,
  ) {
    this.purse = (early?.purse ?? openPurse(session.slot)).then((kept) => {
      this.ticket = kept.ticket;
      this.node = kept.node;
      this.facts = kept.facts ?? null;
      return kept;
    });
    this.preparing = early?.peer.then((peer) => this.made(peer)) ?? null;
  }

  /** Resolves when what an earlier page kept is known. */
  async opened(): Promise<void> {
    await this.purse;
  }

  /** Get a new ticket from the hub, which is connected, and make a peer for it. */
  async renew(): Promise<void> {
    await this.prepare();
    const { certificate } = await this.purse;
    const { node } = this.session;
    if (this.facts === null || node === "") return;
    try {
      this.ticket = await this.session.requests.callTicket(ask(this.facts, fingerprintOf(certificate)));
    } catch {
      return; // the hub has no sound, or is gone again: calls are offered
    }
    this.node = node;
    void keepPurse(this.session.slot, { certificate, ticket: this.ticket, node, facts: this.facts, used: Date.now() });
    if (this.spare?.armed === true) this.letGo();
    await this.prepare();
  }

  /** Make a peer for the next call, if there is none. `talks`: this page does, so that the next is to sound at once. */
  prepare(talks = this.talks): Promise<void> {
    this.talks = talks;
    this.preparing ??= this.preparation().finally(() => (this.preparing = null));
    return this.preparing;
  }

  /** Somebody may call soon: let a peer wait. Resolves when one is on its way, or none can be. */
  near(): Promise<void> {
    if (this.leaving !== null) clearTimeout(this.leaving);
    this.leaving = setTimeout(() => this.leave(), NEAR_MS);
    this.nearing ??= this.approach().finally(() => (this.nearing = null));
    return this.nearing;
  }

  /** Whether a peer stands that has only to be called by. */
  get waits(): boolean {
    return this.waiting?.connection.connectionState === "connected";
  }

  /** Resolves when the peer that waits stands, or will not. */
  async stands(): Promise<void> {
    const connection = this.waiting?.connection;
    if (connection === undefined || connection.connectionState === "connected") return;
    await new Promise((resolve) => {
      connection.addEventListener("connectionstatechange", () => connection.connectionState !== "connecting" && resolve(null));
      setTimeout(resolve, STANDS_MS);
    });
  }

  /** Whether the peer that waits reaches the hub by one of these addresses of this page, once it has tried them. */
  async reaches(addresses: ReadonlySet<string>): Promise<boolean> {
    for (let tried = 0; this.waits && tried < REACHES_MS; tried += LOOK_MS) {
      const held = (await this.waiting?.held()) ?? new Set();
      if ([...addresses].some((address) => held.has(address))) return true;
      await new Promise((next) => setTimeout(next, LOOK_MS));
    }
    return false;
  }

  /** The addresses of this page that were found for the peer that was made beforehand. */
  get addresses(): ReadonlySet<string> {
    return this.spare?.addresses ?? new Set();
  }

  /** Make that peer anew: another one knows of the networks that there are by now. */
  async refresh(): Promise<void> {
    await this.preparing;
    const { ticket } = this;
    const fresh = await this.fresh();
    if (ticket !== this.ticket) return fresh.close();
    this.letGo();
    this.spare = fresh;
    fresh.sound(this.talks);
  }

  /** Nobody talks any more. */
  rest(): void {
    this.talks = false;
    this.spare?.sound(false);
  }

  /** Nobody will, or the hub is another process now. */
  leave(): void {
    this.turn += 1;
    if (this.waiting === null) return;
    this.waiting.close();
    this.waiting = null;
    this.shown(null);
  }

  /** The peer that was made beforehand, if there is one. */
  ready(): Peer | null {
    const waiting = this.waiting;
    if (waiting !== null && waiting.stands && this.waitsAt === this.session.node) {
      this.waiting = null;
      return waiting;
    }
    this.leave();
    const found = this.spare;
    this.spare = null;
    return found;
  }

  /** The same, if it can call by a ticket; one that cannot is let go of. */
  byTicket(): Peer | null {
    const found = this.ready();
    if (found?.armed === true) return found;
    found?.close();
    return null;
  }

  /** A peer, made now if need be. */
  async make(): Promise<Peer> {
    await this.prepare();
    return this.ready() ?? (await Peer.make((await this.purse).certificate, this.dressed));
  }

  /** Let go of the peer that waits: the network is another one, or the page goes. */
  letGo(): void {
    this.spare?.close();
    this.spare = null;
  }

  /** The ticket did not get through: do without it until the next. */
  distrust(): void {
    this.ticket = null;
    this.letGo();
    this.leave();
  }

  private async preparation(): Promise<void> {
    const peer = await this.fresh(this.spare);
    this.spare = peer;
    this.facts = peer.facts;
    peer.sound(this.talks);
  }

  /** A peer, or this one, with the ticket that there is. */
  private async fresh(made: Peer | null = null): Promise<Peer> {
    const { certificate } = await this.purse;
    const ticket = usable(this.ticket);
    const ahead = ticket !== null && this.facts !== null ? { ticket, facts: this.facts } : null;
    const peer = made ?? (await Peer.make(certificate, this.dressed, ahead));
    if (ticket !== null && !peer.armed) await peer.arm(ticket);
    return peer;
  }

  private made(peer: Peer | null): void {
    this.preparing = null;
    // It may have called in vain while the hub was away.
    const lives = peer !== null && !["failed", "closed"].includes(peer.connection.connectionState);
    this.spare = lives ? peer : null;
  }

  private async approach(): Promise<void> {
    const { node } = this.session;
    if (this.waiting?.stands === true && this.waitsAt === node) return;
    this.leave();
    const { turn } = this;
    if (node === "" || this.facts === null) return;
    const { certificate } = await this.purse;
    const peer = await Peer.make(certificate, this.dressed);
    if (this.session.node !== node || turn !== this.turn) return peer.close();
    try {
      this.quiet = this.waitsAt === node ? usable(this.quiet) : null;
      this.quiet ??= await this.session.requests.callTicket({ ...ask(peer.facts, fingerprintOf(certificate)), waits: true });
      await peer.arm(this.quiet);
    } catch {
      return peer.close(); // a hub without sound, or one that lets no call wait
    }
    if (this.session.node !== node || turn !== this.turn) return peer.close();
    this.waiting = peer;
    this.waitsAt = node;
    peer.go();
    peer.sound();
    this.shown(peer.track);
  }
}
