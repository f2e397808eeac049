/**
 * Tells the hub what this page really played of its agent's speech, so that the hub goes on from there whatever happens:
 * some five times a second, and at once when the sound is turned off or the page goes.
 */
import type { Session } from "../client";
import type { PlayedUntil } from "../client";
import { Ledger, readGoOn, readPlaying, type GoOn } from "./ledger";
import { heardBefore, keepHeard } from "./remembered";

const AFTER_GAP = "legato:after-gap";

/** The frame that was given to the output last, by its RTP timestamp, and in how many samples it sounds. */
export interface Sounding {
  /** What brings it: timestamps of another one have another beginning. */
  readonly by: object;
  readonly timestamp: number;
  readonly late: number;
}

export class Playout {
  private readonly ledger = new Ledger();
  private by: object | null = null;
  private then: GoOn;
  private held = false;
  private lost = false;
  private given = false;

  /** `sounding`: what sounds now; null: nothing, or the browser does not tell. */
  constructor(
    private readonly session: Session,
    private readonly sounding: () => Sounding | null,
    private readonly memory: Storage | null,
  ) {
    this.then = readGoOn(memory?.getItem(AFTER_GAP));
    const before = heardBefore(memory);
    if (before !== null) this.ledger.before(before.heard, before.ago, performance.now());
    session.onSignals((signals) => {
      for (const { name, data } of signals) {
        const at = name === "playing" ? readPlaying(data, session.view.attachment) : null;
        if (at !== null) this.ledger.playing(at, performance.now());
      }
    });
    addEventListener("pagehide", () => this.leave());
  }

  /** How this page goes on after a gap. It is remembered. */
  get afterGap(): GoOn {
    return this.then;
  }

  set afterGap(then: GoOn) {
    this.then = then;
    this.memory?.setItem(AFTER_GAP, then);
  }

  /** What was heard by now; null: nothing yet. */
  get heard(): PlayedUntil | null {
    this.look();
    const { heard } = this.ledger;
    return heard === null ? null : { ...heard, ago: this.ledger.ago(performance.now()), ...this.wish };
  }

  private get wish(): { then?: GoOn } {
    return this.then === "" ? {} : { then: this.then };
  }

  /** The page's sound is off. */
  silence(): void {
    this.tell(true);
    this.ledger.silence();
  }

  /** It is on again. */
  sound(): void {
    if (!this.held && !this.lost && !this.given) this.ledger.sound();
  }

  /** Its path is lost: what comes by it later is not heard, until there is another. */
  lose(lost: boolean): void {
    this.lost = lost;
    if (lost) this.silence();
    else this.sound();
  }

  /** This device is on hold: whatever else may sound, nothing does here. */
  hold(held: boolean): void {
    this.held = held;
    if (held) return this.silence();
    // What the hub sent before it heard of the hold sounded nowhere: it is sent, and told of, again.
    this.ledger.forget();
    this.sound();
  }

  /** The voice moves to another device: nothing sounds here from now on, and the last that did is told; or it stays. */
  give(given: boolean): void {
    if (!given) {
      this.given = false;
      this.ledger.forget(); // what the hub sent before it heard of it sounded nowhere
      return this.sound();
    }
    if (!this.given) this.look();
    this.given = true;
    this.ledger.silence();
    this.ledger.report(performance.now(), true);
    const { heard } = this.ledger;
    if (heard !== null) this.session.signal("playout", { ...heard, ...this.wish, last: true });
  }

  /** Whether the browser lets this page sound. The hub says anew what plays once it does. */
  ready(ready: boolean): void {
    if (ready) this.ledger.forget();
    else this.tell(true);
  }

  /** Time passed. */
  tick(): void {
    this.tell(false);
  }

  private look(): void {
    const now = this.sounding();
    if (now === null) return;
    if (now.by !== this.by) this.ledger.begin(performance.now());
    this.by = now.by;
    this.ledger.played(now.timestamp, now.late, performance.now());
  }

  private leave(): void {
    this.tell(true);
    const { heard } = this.ledger;
    if (heard !== null) keepHeard(this.memory, heard, this.ledger.ago(performance.now()));
  }

  private tell(urgent: boolean): void {
    this.look();
    const report = this.ledger.report(performance.now(), urgent);
    if (report !== null) this.session.signal("playout", { ...report, ...this.wish });
  }
}
