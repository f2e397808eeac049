/**
 * Makes peer connections, however many were made before. Chromium lets a page have five hundred, and counts those that are
 * closed until it collects them, which it does late: a peer is small to its collector. Memory that is asked for and let go
 * makes it collect.
 */

/** So often it is made to collect before there is really no room; each takes some 20 ms. */
const MOST_TRIES = 5;
const SOON_MS = 20;
const LET_GO = 64 << 20;

/** Rejects where the browser makes none. */
export async function newPeer(config: RTCConfiguration): Promise<RTCPeerConnection> {
  for (let tries = 0; ; tries += 1) {
    try {
      return new RTCPeerConnection(config);
    } catch (error) {
      if (tries === MOST_TRIES) throw error;
    }
    new ArrayBuffer(LET_GO).slice(0, 0); // what is only made, a bundler leaves out
    await new Promise((collected) => setTimeout(collected, SOON_MS));
  }
}
