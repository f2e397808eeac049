import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Peer } from "../src/voice/peer";

const elements: Element[] = [];

class Element {
  muted = false;
  srcObject: unknown = null;
  plays = 0;
  constructor() {
    elements.push(this);
  }
  play(): Promise<void> {
    this.plays += 1;
    return Promise.resolve();
  }
}

class Connection {
  ontrack: ((event: { track: MediaStreamTrack }) => void) | null = null;
  readonly localDescription = { sdp: "v=0" };
  addTransceiver(): object {
    return { sender: {} };
  }
  setLocalDescription(): Promise<void> {
    return Promise.resolve();
  }
  close(): void {}
}

const TRACK = { kind: "audio" } as MediaStreamTrack;

async function made(): Promise<[Peer, Element, () => void]> {
  const peer = await Peer.make({} as RTCCertificate, () => undefined);
  const comes = (): void => (peer.connection as unknown as Connection).ontrack?.({ track: TRACK });
  return [peer, elements.at(-1) as Element, comes];
}

describe("the sound of a peer", () => {
  beforeEach(() => {
    vi.stubGlobal("RTCPeerConnection", Connection);
    vi.stubGlobal("Audio", Element);
    vi.stubGlobal("MediaStream", class {
      constructor(readonly tracks: MediaStreamTrack[]) {}
    });
  });
  afterEach(() => void vi.unstubAllGlobals());

  test("that is not asked for opens no device", async () => {
    const [, element, comes] = await made();
    comes();
    expect([element.srcObject, element.plays]).toEqual([null, 0]);
  });

  test("is decoded without being heard, whether it is asked for before its track comes or after", async () => {
    const [early, first, firstComes] = await made();
    early.sound();
    expect(first.srcObject).toBeNull();
    firstComes();
    const [late, second, secondComes] = await made();
    secondComes();
    late.sound();
    late.sound();
    for (const { srcObject, plays, muted } of [first, second]) {
      expect([srcObject, plays, muted]).toEqual([{ tracks: [TRACK] }, 1, true]);
    }
  });

  test("is let go of when nobody talks any more, and when the peer is closed", async () => {
    for (const ends of [(peer: Peer) => peer.sound(false), (peer: Peer) => peer.close()]) {
      const [peer, element, comes] = await made();
      peer.sound();
      comes();
      ends(peer);
      expect(element.srcObject).toBeNull();
    }
  });
});
