/**
 * Whether the hub hears this page, by what its own frames say of it. Pure.
 *
 *     heard ─ a frame says not ─▶ unheard ─ 100 ms of such frames, and a call waits ─▶ (another call) heard
 *                 ▲                   │ a frame without                  │ 1.5 s, and none does
 *                 └───────────────────┴──────────────────────────────────┘
 *
 * A browser whose network has gone sends into it for seconds, while the hub is heard on another. So the session's
 * connection is doubted at once, a call that waits is made over what works, and the voice goes there.
 */

/** How long frames must say so before the voice goes to a call that waits, and before it goes to any, ms. */
export const LEAVE_MS = 100;
export const GIVE_UP_MS = 1_500;

/** `doubt`: the session's connection may be dead, too. `wait`: have a call that waits. `leave`: call anew. */
export type Advice = "none" | "doubt" | "wait" | "leave";

export class Uplink {
  private since: number | null = null;

  /** What the newest frame says, and whether a call waits by now. */
  look(now: number, unheard: boolean, waits: boolean): Advice {
    if (!unheard) this.since = null;
    if (!unheard) return "none";
    if (this.since === null) {
      this.since = now;
      return "doubt";
    }
    const said = now - this.since;
    if (said < (waits ? LEAVE_MS : GIVE_UP_MS)) return "wait";
    this.since = null;
    return "leave";
  }
}
