/** What a session's connection does for sound: envelopes about it, binary envelopes, and word of connections. */
import type { Down, DownAttached } from "./aliases";

export interface SoundListener {
  /** An envelope that is about sound. */
  told(envelope: Down): void;
  /** A binary envelope. */
  heard(envelope: ArrayBuffer): void;
  /** The session is live on a new connection. */
  back(attached: DownAttached): void;
  /** The connection is lost. */
  away(): void;
}

export class Sounds {
  private readonly listeners = new Set<Partial<SoundListener>>();

  /**
   * `attached`: how the session is connected now; `carries`: whether that connection takes and brings sound itself; the
   * others send on it, or say that they did not.
   */
  constructor(
    readonly attached: () => DownAttached | null,
    readonly tell: (envelope: object) => boolean,
    readonly send: (envelope: Uint8Array<ArrayBuffer>) => boolean,
    readonly carries: () => boolean = () => true,
  ) {}

  /** Returns how to stop. A session that is live already is told of as `back`. */
  listen(listener: Partial<SoundListener>): () => void {
    this.listeners.add(listener);
    const now = this.attached();
    if (now !== null) listener.back?.(now);
    return () => this.listeners.delete(listener);
  }

  told(envelope: Down): void {
    for (const each of this.listeners) each.told?.(envelope);
  }

  heard(envelope: ArrayBuffer): void {
    for (const each of this.listeners) each.heard?.(envelope);
  }

  back(): void {
    const attached = this.attached();
    if (attached !== null) for (const each of this.listeners) each.back?.(attached);
  }

  away(): void {
    for (const each of this.listeners) each.away?.();
  }
}
