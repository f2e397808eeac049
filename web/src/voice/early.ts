/**
 * What a page that talked before its reload does before anything of it is drawn: it asks for the microphone (that it is
 * open is what lets the page sound), opens what it kept, starts the capture's worker, makes a peer, and calls as soon as
 * it is known that what was kept is this tab's. `Voice` takes over what stands by then.
 */
import { captureWorker, dress } from "./capture";
import { askMicrophone, stop } from "./microphone";
import { outputContext } from "./output";
import { Peer } from "./peer";
import { openPurse, type Kept } from "./purse";

export interface Early {
  /** Whose it is, if nobody else holds the slot by now. */
  readonly slot: string;
  readonly worker: Worker | null;
  readonly context: AudioContext;
  /** The default one. */
  readonly microphone: Promise<MediaStream>;
  readonly purse: Promise<Kept>;
  /** Armed, and on its way if this tab has the slot; null if nothing that would arm it was kept. */
  readonly peer: Promise<Peer | null>;
}

/** `mine`: whether this tab has the slot, once that is known. */
export function openEarly(slot: string, mine: Promise<boolean>): Early {
  const microphone = askMicrophone();
  const purse = openPurse(slot);
  const worker = captureWorker();
  const peer = purse.then(({ certificate, ticket, facts }) => {
    if (ticket === null || facts === undefined) return null;
    return Peer.make(certificate, (sender) => dress(worker, sender), { ticket, facts });
  });
  const context = outputContext();
  microphone.then(() => context.resume()).catch(() => undefined);
  return { slot, worker, context, microphone, purse, peer: begun(peer, mine) };
}

async function begun(made: Promise<Peer | null>, mine: Promise<boolean>): Promise<Peer | null> {
  const peer = await made.catch(() => null);
  if (peer !== null && (await mine.catch(() => false))) peer.go();
  return peer;
}

/** It was not this tab's after all, or nobody talks here. */
export function dropEarly(early: Early): void {
  early.worker?.terminate();
  early.microphone.then(stop, () => undefined);
  void early.context.close();
  void early.peer.then((peer) => peer?.close());
}
