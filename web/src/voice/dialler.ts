/**
 * Peers ready to call: one is always made beforehand, so that a call costs nothing but the way to the hub and back.
 * With a ticket the hub need not be asked; without one the peer's offer is sent to it.
 */
import type { Session } from "../client";
import type { CallTicket } from "../client/requests";
import { ask, type OfferFacts } from "./answer";
import { Peer } from "./peer";
import { fingerprintOf, keepPurse, openPurse, usable, type Kept } from "./purse";

export class Dialler {
  private readonly purse: Promise<Kept>;
  /** The node that gave the ticket. */
  node = "";
  private ticket: CallTicket | null = null;
  private spare: Peer | null = null;
  /** What offers of this browser say. */
  private facts: OfferFacts | null = null;
  private preparing: Promise<void> | null = null;

  /** `dressed` is shown each sender before its offer is made. */
  constructor(
    private readonly session: Session,
    private readonly dressed: (sender: RTCRtpSender) => void,
  ) {
    this.purse = openPurse(session.slot).then((kept) => {
      this.ticket = kept.ticket;
      this.node = kept.node;
      return kept;
    });
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
    void keepPurse(this.session.slot, { certificate, ticket: this.ticket, node, used: Date.now() });
    if (this.spare?.armed === true) this.letGo();
    await this.prepare();
  }

  /** Make a peer for the next call, if there is none. */
  prepare(): Promise<void> {
    this.preparing ??= this.preparation().finally(() => (this.preparing = null));
    return this.preparing;
  }

  /** The peer that was made beforehand, if there is one. */
  ready(): Peer | null {
    const found = this.spare;
    this.spare = null;
    return found;
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
  }

  private async preparation(): Promise<void> {
    const { certificate } = await this.purse;
    const peer = this.spare ?? (await Peer.make(certificate, this.dressed));
    const ticket = usable(this.ticket);
    if (ticket !== null && !peer.armed) await peer.arm(ticket);
    this.spare = peer;
    this.facts = peer.facts;
  }
}
