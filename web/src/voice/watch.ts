/** Watches the frames that sound on this page, and the browser's word of its network. */
import { Liveness } from "./liveness";

export interface Watcher {
  /** Open a second path; the first may be well. */
  suspected(): void;
  /** The first is well. */
  well(): void;
  /** Go another way. */
  lost(): void;
  /** Packets that have come from the hub so far: they tell a path that is dead from a page that has no time to sound. */
  packets(): Promise<number>;
}

/** A main thread that was away for so long knows nothing of frames: it looks again before it judges, ms. */
const AWAY_MS = 120;

export class Watch {
  private readonly liveness = new Liveness();
  private by: object | null = null;
  private timestamp = 0;
  private lookedAt = 0;
  private packets = 0;

  constructor(private readonly on: Watcher) {
    addEventListener("online", this.nudge);
    document.addEventListener("visibilitychange", this.nudge);
    (navigator as { connection?: EventTarget }).connection?.addEventListener("change", this.nudge);
  }

  /** Whether the path is lost, and none has come in its place. */
  get lost(): boolean {
    return this.liveness.health === "lost";
  }

  /** Look at what sounds: a path and its newest frame; null: none is expected, or none has come yet. */
  look(now: number, path: { readonly by: object; readonly timestamp: number } | null): void {
    const away = now - this.lookedAt > AWAY_MS;
    this.lookedAt = now;
    if (path === null) {
      this.liveness.reset();
      this.by = null;
      return;
    }
    if (path.by !== this.by || path.timestamp !== this.timestamp || away) {
      if (path.by !== this.by) this.liveness.reset();
      this.by = path.by;
      this.timestamp = path.timestamp;
      this.frame(now);
      return;
    }
    const turn = this.liveness.expire(now);
    if (turn === "suspect") this.suspect();
    if (turn === "lost") void this.confirm(path.by);
  }

  private frame(now: number): void {
    if (this.liveness.frame(now)) this.on.well();
  }

  private suspect(): void {
    this.on.suspected();
    const { by } = this;
    void this.on.packets().then((packets) => {
      if (by === this.by) this.packets = packets;
    });
  }

  /** What sounds may be late though packets come: then the path is well. */
  private async confirm(by: object): Promise<void> {
    const packets = await this.on.packets();
    if (by !== this.by || !this.lost) return;
    if (packets > this.packets) this.frame(performance.now());
    else this.on.lost();
  }

  private readonly nudge = (): void => {
    if (document.visibilityState === "visible" && this.liveness.nudge(performance.now())) this.suspect();
  };
}
