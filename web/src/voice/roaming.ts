/** Keeps a call through a change of networks: heeds the hub when it does not hear this page, and looks for new networks. */
import type { Session } from "../client";
import type { Call } from "./call";
import type { Dialler } from "./dialler";
import { Networks, same } from "./networks";
import { Scout } from "./scout";
import { Uplink } from "./uplink";

/** How long the session's connection is trusted without an answer once the hub does not hear this page's call. */
const DOUBT_MS = 200;
/** How often networks are looked for, beside when the browser tells of one. */
const LOOK_MS = 5_000;

export interface Roamer {
  /** The call on which this page sends sound; null: there is none. */
  call(): Call | null;
  /** Call anew; a call that waits goes first. */
  dial(): void;
}

export class Roaming {
  private readonly uplink = new Uplink();
  private readonly scout = new Scout((address) => this.came(address));
  private networks: Networks | null = null;
  /** A look that goes on, and whether there is to be one more after it. */
  private looking: Promise<void> | null = null;
  private due = false;
  private timer: ReturnType<typeof setInterval> | null = null;

  constructor(
    private readonly session: Session,
    private readonly dialler: Dialler,
    private readonly on: Roamer,
  ) {}

  /** Time passed: some fifty times a second, while a call stands. */
  tick(): void {
    const { session, dialler } = this;
    // A call that waits is called by over the session's connection, which may be as dead.
    const waits = dialler.waits && session.node !== "" && !session.doubted;
    const advice = this.uplink.look(performance.now(), this.on.call()?.unheard === true, waits);
    if (advice === "doubt") {
      session.nudge(DOUBT_MS);
      dialler.leave(); // what waited before goes the same dead way
    }
    if (advice === "doubt" || advice === "wait") void dialler.near();
    if (advice !== "leave") return;
    this.networks?.leave();
    this.on.dial();
  }

  /** Look for networks now and then; nothing if that is being done. */
  begin(): void {
    if (this.timer !== null) return;
    this.networks = null;
    this.timer = setInterval(() => this.look(), LOOK_MS);
  }

  end(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    void this.scout.rest().catch(() => undefined); // a look on its way has done so, or fails by itself
  }

  private came(address: string): void {
    this.networks?.came(address);
    this.look();
  }

  private look(): void {
    this.due = true;
    this.looking ??= this.looks().finally(() => (this.looking = null));
  }

  private async looks(): Promise<void> {
    while (this.due) {
      this.due = false;
      await this.lookOnce().catch(() => undefined);
    }
  }

  private async lookOnce(): Promise<void> {
    const call = this.on.call();
    if (call === null || call.unheard) return;
    this.networks ??= new Networks(call.offered);
    const [there, held] = [await this.scout.look(), await call.addresses()];
    // A peer knows of the networks that there were when it was made.
    if (!same(there, this.dialler.addresses)) await this.dialler.refresh();
    if (call !== this.on.call() || held.size === 0 || !this.networks.look(performance.now(), there, held)) return;
    const { wanted } = this.networks;
    this.dialler.leave(); // one that waits knows of the networks that there were when it was made
    await this.dialler.near();
    await this.dialler.stands();
    // A call over the same networks would be no better, and the one that stands may find the other by itself.
    const reaches = await this.dialler.reaches(wanted);
    if (call === this.on.call() && reaches && !call.unheard) this.on.dial();
  }
}
