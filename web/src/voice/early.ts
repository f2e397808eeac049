/**
 * What a page that talked before its reload does while it is still being drawn: it opens what it kept, starts the
 * capture's worker and makes a peer. Nothing is sent: the call begins with `Voice`, which knows whose tab this is.
 */
import { captureWorker, dress } from "./capture";
import { outputContext } from "./output";
import { Peer } from "./peer";
import { openPurse, type Kept } from "./purse";

export interface Early {
  /** Whose it is, if nobody else holds the slot by now. */
  readonly slot: string;
  readonly worker: Worker | null;
  readonly context: AudioContext;
  readonly purse: Promise<Kept>;
  /** Armed; null if nothing that would arm it was kept. */
  readonly peer: Promise<Peer | null>;
}

export function openEarly(slot: string): Early {
  const worker = captureWorker();
  const purse = openPurse(slot);
  const peer = purse.then(({ certificate, ticket, facts }) => {
    if (ticket === null || facts === undefined) return null;
    return Peer.make(certificate, (sender) => dress(worker, sender), { ticket, facts });
  });
  return { slot, worker, context: outputContext(), purse, peer: peer.catch(() => null) };
}

/** It was not this tab's after all, or nobody talks here. */
export function dropEarly(early: Early): void {
  early.worker?.terminate();
  void early.context.close();
  void early.peer.then((peer) => peer?.close());
}
