/**
 * Does somebody begin to speak into the agent's words? Told by energy alone, within some 15 ms: what was no speech costs a
 * moment's silence, for the hub says the words again. Pure.
 *
 *     quiet ─ loud for AFTER_MS ─▶ loud ─ quiet for OVER_MS ─▶ quiet
 *
 * Loud is what stands out of the room's noise and of what the loudspeaker brings back into the microphone. The browser
 * cancels most of that; what is left is taken to be a share of the loudest that was played in the last quarter of a
 * second. A suspicion that was for nothing (`wrong`) doubles that share, one that was not halves it.
 */

/** Loud for so long, ms: less is a click. */
export const AFTER_MS = 12;
/** Quieter for so long between may belong to it. */
const FORGIVE_MS = 8;
/** Quiet for so long, and it is over. */
export const OVER_MS = 150;
/** Below this nothing is loud (root mean square, 1 is full scale). */
export const LEAST = 0.004;
/** So many times the noise. */
const ABOVE_NOISE = 4;
/** What of the loudspeaker's sound the canceller may leave, at first and at most. */
export const ECHO = 0.1;
const MOST_ECHO = 1.6;
/** What was played counts for once to twice as long, ms. */
const ECHO_MS = 150;
/** How fast the noise is believed to grow and to fall, a second. */
const GROW = 1.4;
const FALL = 0.001;
const LEAST_NOISE = 0.00001;
const MOST_NOISE = 0.05;

export class Onset {
  /** Whether somebody may be speaking. */
  loud = false;
  private echo = ECHO;
  private noise: number | null = null;
  private loudFor = 0;
  private quietFor = 0;
  private played = { now: 0, before: 0, since: 0 };

  /** The last suspicion was for nothing, or was not. */
  wrong(wrong: boolean): void {
    this.echo = wrong ? Math.min(this.echo * 2, MOST_ECHO) : Math.max(this.echo / 2, ECHO);
  }

  /** `ms` of the microphone and of what was played meanwhile, each by its root mean square; whether `loud` changed. */
  feed(heard: number, played: number, ms: number): boolean {
    this.play(played, ms);
    this.noise ??= Math.min(Math.max(heard, LEAST_NOISE), MOST_NOISE);
    const line = Math.max(LEAST, this.noise * ABOVE_NOISE, this.guard);
    this.learn(heard, ms);
    // What was loud stays so at half of it: words have edges.
    if (heard > (this.loud ? line / 2 : line)) {
      this.loudFor += ms;
      this.quietFor = 0;
    } else {
      this.quietFor += ms;
    }
    if (this.quietFor > (this.loud ? OVER_MS : FORGIVE_MS)) this.loudFor = 0;
    const loud = this.loud ? this.loudFor > 0 : this.loudFor >= AFTER_MS;
    const changed = loud !== this.loud;
    this.loud = loud;
    return changed;
  }

  /** Whether there was anything to speak into. */
  get sounds(): boolean {
    return Math.max(this.played.now, this.played.before) > 0;
  }

  private get guard(): number {
    return Math.max(this.played.now, this.played.before) * this.echo;
  }

  private play(played: number, ms: number): void {
    const { now, since } = this.played;
    if (since < ECHO_MS) this.played = { ...this.played, now: Math.max(now, played), since: since + ms };
    else this.played = { now: played, before: now, since: ms };
  }

  private learn(heard: number, ms: number): void {
    const noise = this.noise ?? LEAST_NOISE;
    const pace = (heard > noise ? GROW : FALL) ** (ms / 1_000);
    this.noise = heard > noise ? Math.min(noise * pace, heard, MOST_NOISE) : Math.max(noise * pace, heard, LEAST_NOISE);
  }
}
