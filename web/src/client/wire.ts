/** What carries envelopes: thin, and without decisions. */
import type { Down } from "./aliases";

export interface Wire {
  /** Send one envelope; on a wire that has ended, nothing happens. */
  send(text: string): void;
  /** Send a binary envelope; false if this wire has no room for it, or takes none. */
  sendAudio(envelope: Uint8Array<ArrayBuffer>): boolean;
  /** Let go, without a word; `closed` is not called. */
  close(): void;
}

export interface WireEvents {
  opened(): void;
  received(envelope: Down): void;
  /** A binary envelope came. */
  heard(envelope: ArrayBuffer): void;
  /** It ended by itself. Called once. */
  closed(): void;
}

export type OpenWire = (base: string, on: WireEvents) => Wire;

/** The envelope that `text` is; null if it is none. */
export function readEnvelope(text: string): Down | null {
  try {
    const value: unknown = JSON.parse(text);
    const is = typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
    return is ? (value as Down) : null;
  } catch {
    return null;
  }
}
