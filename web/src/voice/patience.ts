/** How long to wait before a call is tried again, and for what comes with one. */

const WAITS_MS = [0, 200, 500, 1_000, 2_000];
const CLIMBS_MS = [500, 1_000, 2_000, 5_000, 15_000];
/** Calls in vain after which voice is given up. */
export const MOST_TRIES = 12;
/** How long after a call stands the peer for the next one is made. */
export const SPARE_MS = 1_000;
/** How long the microphone waits for the hub's first frame at most: opening it takes what that needs to sound. */
export const MICROPHONE_MS = 300;

/** After so many in vain, ms. */
export function waitAfter(tries: number): number {
  return WAITS_MS[Math.min(tries, WAITS_MS.length) - 1] ?? 0;
}

/** The same while the session's connection carries the voice. */
export function climbAfter(tries: number): number {
  return CLIMBS_MS[Math.min(tries, CLIMBS_MS.length) - 1] ?? 0;
}

/** When what is given to `until` is called, but after so many ms at the latest. */
export function within(ms: number, until: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    until(resolve);
    setTimeout(resolve, ms);
  });
}
