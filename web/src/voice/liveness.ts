/**
 * Whether the path of a voice lives, judged by its frames: one comes every 20 ms, silence included. Pure.
 *
 *     idle ─ frame ─▶ well ─ 150 ms without, a nudge ─▶ suspect ─ 300 ms without ─▶ lost
 *                      ▲                                   │ frame                   │ frame
 *                      └───────────────────────────────────┴─────────────────────────┘
 *
 * A suspicion tears nothing down: it is the time to open a second path. Before the first frame, and where the hub sends
 * none (nobody takes audio here), nothing is judged.
 */

export type Health = "idle" | "well" | "suspect" | "lost";

/** Frames' silence after which a path is suspect, and after which it is lost, ms. */
export const SUSPECT_MS = 150;
export const LOST_MS = 300;

export class Liveness {
  health: Health = "idle";
  private heardAt = 0;

  /** Another path, or none: nothing is known of it. */
  reset(): void {
    this.health = "idle";
  }

  /** A frame was there at `now`; whether the path is well again. */
  frame(now: number): boolean {
    const back = this.health === "suspect" || this.health === "lost";
    this.health = "well";
    this.heardAt = now;
    return back;
  }

  /** The network may be another one: a path that is well is suspect at once; whether it was. */
  nudge(now: number): boolean {
    if (this.health !== "well") return false;
    this.health = "suspect";
    this.heardAt = Math.min(this.heardAt, now - SUSPECT_MS);
    return true;
  }

  /** When `expire` next has something to say; null: never, as it stands. */
  nextDeadline(): number | null {
    if (this.health === "well") return this.heardAt + SUSPECT_MS;
    return this.health === "suspect" ? this.heardAt + LOST_MS : null;
  }

  /** Time passed; what became of the path, if anything did. */
  expire(now: number): "suspect" | "lost" | null {
    const silent = now - this.heardAt;
    if (this.health === "well" && silent >= SUSPECT_MS) return (this.health = silent >= LOST_MS ? "lost" : "suspect");
    if (this.health === "suspect" && silent >= LOST_MS) return (this.health = "lost");
    return null;
  }
}

/** A way for a voice that has lost its path. */
export type WayBack = "waiting" | "connection" | "ticket" | "none";

/**
 * Which way to take first: a call whose handshake is done already; else the session's connection, while calls are
 * tried beside it; else a call that begins now. Without a session every way goes by the session's return.
 */
export function wayBack({ live, waits, portable }: { live: boolean; waits: boolean; portable: boolean }): WayBack {
  if (!live) return "none";
  if (waits) return "waiting";
  return portable ? "connection" : "ticket";
}
