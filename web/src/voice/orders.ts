/** What the page and the voice's Web Worker tell each other. */
import type { Stretch } from "./unacked";

/** To the worker. */
export type Order =
  /** A new capture begins, on this stream. */
  | { readonly do: "capture"; readonly capture: string; readonly stream: number }
  /** The capture's sound comes from here on. */
  | { readonly do: "source"; readonly readable: ReadableStream<AudioData> }
  /** No sound comes from here on: answered by `rested`. */
  | { readonly do: "rest" }
  /** No sound comes any more, and no call carries it: what is not safe is sent at once. */
  | { readonly do: "end" }
  /** What calls send: see the worker. */
  | { readonly do: "mode"; readonly mode: "plain" | "waiting" | "stamped" }
  /** Whether the stream carries the voice itself. */
  | { readonly do: "carry"; readonly carries: boolean }
  /** A connection is there: answered by `opened`, and everything that is not safe. */
  | { readonly do: "open" }
  | { readonly do: "away" }
  | { readonly do: "acked"; readonly until: number; readonly missing: readonly Stretch[] };

/** From the worker. */
export type Word =
  | { readonly say: "send"; readonly capture: string; readonly envelopes: readonly Uint8Array<ArrayBuffer>[] }
  /** Up to where there are frames of it, of 20 ms each. */
  | { readonly say: "captured"; readonly capture: string; readonly until: number }
  | { readonly say: "opened"; readonly since: number; readonly clock: number }
  /** All that was said before the rest is safe, and nothing of it is on its way any more. */
  | { readonly say: "rested" }
  | { readonly say: "lacking"; readonly gaps: readonly Stretch[] };
