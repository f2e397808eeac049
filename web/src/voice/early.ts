/**
 * What a page that talked before its reload does before anything of it is drawn: it asks for the microphone (that it is
 * open is what lets the page sound), opens what it kept, starts the capture's worker, makes a peer, and calls as soon as
 * it is known that what was kept is this tab's. `Voice` takes over what stands by then.
 */
import { captureWorker, dress } from "./capture";
import { askMicrophone, stop } from "./microphone";
import { Output } from "./output";
import { Peer } from "./peer";
import { carriedPurse, openPurse, type Kept } from "./purse";

export interface Early {
  /** Whose it is, if nobody else holds the slot by now. */
  readonly slot: string;
  readonly worker: Worker | null;
  /** It plays what that peer brings, as soon as it may. */
  readonly output: Output;
  /** The default one. */
  readonly microphone: Promise<MediaStream>;
  readonly purse: Promise<Kept>;
  /** Armed, and on its way if this tab has the slot; null if nothing that would arm it was kept. */
  readonly peer: Promise<Peer | null>;
}

/** How long the peer stays that calls nobody: to close one holds up the others. */
const WARMTH_MS = 3_000;

/**
 * How long the call waits for the microphone, from the script's beginning: what the hub says before this page can sound
 * is not heard, and cannot be said to be missed before the session is back. Once it is open the output runs sooner than
 * any handshake is done.
 */
const OPENS_MS = 100;

/**
 * A peer that calls nobody: the browser's threads for peers, and its list of networks, are there by the time at which what
 * was kept is.
 */
function warmPeers(): void {
  const warmth = new RTCPeerConnection({ iceServers: [], iceCandidatePoolSize: 1 });
  setTimeout(() => warmth.close(), WARMTH_MS);
}

/** `mine`: whether this tab has the slot, once that is known. */
export function openEarly(slot: string, mine: Promise<boolean>): Early {
  const microphone = askMicrophone();
  const carried = carriedPurse(slot);
  const purse = carried === null ? openPurse(slot) : Promise.resolve(carried);
  if (carried === null) warmPeers();
  const worker = captureWorker();
  const make = async ({ certificate, ticket, facts }: Kept): Promise<Peer | null> =>
    ticket === null || facts === undefined ? null : Peer.make(certificate, (sender) => dress(worker, sender), { ticket, facts });
  // The peer first: to make the output, the page's thread waits for the sound's device.
  const peer = carried === null ? purse.then(make) : make(carried);
  const output = new Output();
  const sounds = microphone.then(() => void output.warm()).catch(() => undefined);
  const late = new Promise<void>((resolve) => setTimeout(resolve, OPENS_MS));
  return { slot, worker, output, microphone, purse, peer: begun(peer, mine, output, Promise.race([sounds, late])) };
}

async function begun(made: Promise<Peer | null>, mine: Promise<boolean>, output: Output, may: Promise<void>): Promise<Peer | null> {
  const peer = await made.catch(() => null);
  if (peer === null || !(await mine.catch(() => false))) return peer;
  // The page's thread waits for the sound's device as this begins: better now than while the call's first frames come.
  peer.sound();
  if (peer.track !== null) output.play(peer.track);
  await may;
  peer.go();
  return peer;
}

/** It was not this tab's after all, or nobody talks here. */
export function dropEarly(early: Early): void {
  early.worker?.terminate();
  early.microphone.then(stop, () => undefined);
  void early.output.close();
  void early.peer.then((peer) => peer?.close());
}
