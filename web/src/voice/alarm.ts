/**
 * Whether this page's loudspeaker is silent because somebody speaks. The page falls silent at once by what it hears
 * itself; the hub has the last word. Pure.
 *
 *     sounding ─ suspected ─▶ doubtful ─ the hub mutes ─▶ muted ─ the hub unmutes ─▶ sounding
 *        │                        └─ the hub unmutes, or says nothing for DOUBT_MS ─▶ sounding
 *        └───── the hub mutes ──────────────────────────▶ muted
 */

type Stage = "sounding" | "doubtful" | "muted";

/** How long the hub may take to say what it thinks of a suspicion: until then it has paused, or goes on. */
export const DOUBT_MS = 500;
/** A suspicion that the hub ends sooner than this was for nothing: a turn takes longer. */
const NOTHING_MS = 600;

/** What is to be done: with the loudspeaker, and what the hub and the one who hears are told. */
export type Effect = "mute" | "unmute" | "tell" | "wrong" | "right";

export class Alarm {
  stage: Stage = "sounding";
  private suspectedAt: number | null = null;

  /** This page hears somebody speak into what sounds. */
  suspected(now: number): Effect[] {
    if (this.stage !== "sounding") return [];
    this.stage = "doubtful";
    this.suspectedAt = now;
    return ["mute", "tell"];
  }

  /** The hub mutes. */
  mute(): Effect[] {
    const before = this.stage;
    this.stage = "muted";
    return before === "sounding" ? ["mute"] : [];
  }

  /** The hub lets it sound. */
  unmute(now: number): Effect[] {
    return [...this.judged(now), ...this.sound()];
  }

  /** When `expire` next has something to say; null: never, as it stands. */
  nextDeadline(): number | null {
    return this.stage === "doubtful" && this.suspectedAt !== null ? this.suspectedAt + DOUBT_MS : null;
  }

  /** Time passed. */
  expire(now: number): Effect[] {
    const due = this.nextDeadline();
    return due !== null && now >= due ? [...this.judged(now), ...this.sound()] : [];
  }

  private sound(): Effect[] {
    this.stage = "sounding";
    return ["unmute"];
  }

  private judged(now: number): Effect[] {
    const since = this.suspectedAt;
    this.suspectedAt = null;
    if (since === null) return [];
    return [now - since < NOTHING_MS ? "wrong" : "right"];
  }
}
