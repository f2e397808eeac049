/** How often it is seen what sounds, ms. */
const EVERY_MS = 20;

/** Ticks for this page that go on when it is hidden: a Web Worker counts them. */
export class Ticks {
  private worker: Worker | null = null;

  constructor(private readonly tick: () => void) {}

  /** Tick from now on. */
  start(): void {
    this.worker ??= new Worker(new URL("./ticks.worker.ts", import.meta.url), { type: "module" });
    this.worker.onmessage = this.tick;
    this.worker.postMessage(EVERY_MS);
  }

  stop(): void {
    if (this.worker === null) return;
    this.worker.onmessage = null;
    this.worker.postMessage(0);
  }
}
