/** Binary envelopes of sound, and frames that carry their media time (PROTOCOL.md, "Audio"). */

export const OPUS = 1;
export const PCM = 2;
const HEAD = 16;
const STAMP = 8;
const MOST_FRAMES = 50;
const UNIT = 2 ** 32;

export interface Audio {
  readonly kind: typeof OPUS | typeof PCM;
  readonly stream: number;
  /** Samples at 48 kHz, of the first sample. */
  readonly mediaTime: number;
  /** Opus frames that follow each other, or one block of PCM. */
  readonly frames: readonly Uint8Array[];
  readonly resent: boolean;
}

export function encodeAudio({ kind, stream, mediaTime, frames, resent }: Audio): Uint8Array<ArrayBuffer> {
  const lengths = kind === OPUS ? 2 * frames.length : 0;
  const bytes = new Uint8Array(HEAD + lengths + frames.reduce((sum, frame) => sum + frame.length, 0));
  const view = new DataView(bytes.buffer);
  bytes.set([1, kind, resent ? 1 : 0, 0]);
  view.setUint32(4, stream);
  writeTime(view, 8, mediaTime);
  let at = HEAD;
  for (const frame of frames) {
    if (kind === OPUS) {
      view.setUint16(at, frame.length);
      at += 2;
    }
    bytes.set(frame, at);
    at += frame.length;
  }
  return bytes;
}

/** The envelope that the bytes are; null if they are none. */
export function decodeAudio(buffer: ArrayBuffer): Audio | null {
  const bytes = new Uint8Array(buffer);
  if (bytes.length < HEAD || bytes.length > 65_536) return null;
  const view = new DataView(buffer);
  const [version, kind, flags = 0, zero] = bytes;
  const mediaTime = readTime(view, 8);
  if (version !== 1 || (kind !== OPUS && kind !== PCM) || flags > 1 || zero !== 0 || mediaTime === null) return null;
  const frames = kind === PCM ? blockOf(bytes) : framesOf(bytes, view);
  return frames && { kind, stream: view.getUint32(4), mediaTime, frames, resent: flags === 1 };
}

/** The frame with its media time behind it. */
export function stamped(frame: Uint8Array, mediaTime: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(frame.length + STAMP);
  bytes.set(frame);
  writeTime(new DataView(bytes.buffer), frame.length, mediaTime);
  return bytes;
}

function blockOf(bytes: Uint8Array): Uint8Array[] | null {
  return (bytes.length - HEAD) % 2 === 0 ? [bytes.subarray(HEAD)] : null;
}

function framesOf(bytes: Uint8Array, view: DataView): Uint8Array[] | null {
  const frames: Uint8Array[] = [];
  let at = HEAD;
  while (at < bytes.length) {
    if (at + 2 > bytes.length || frames.length === MOST_FRAMES) return null;
    const length = view.getUint16(at);
    at += 2;
    if (length === 0 || at + length > bytes.length) return null;
    frames.push(bytes.subarray(at, at + length));
    at += length;
  }
  return frames;
}

function writeTime(view: DataView, at: number, time: number): void {
  view.setUint32(at, Math.floor(time / UNIT));
  view.setUint32(at + 4, time % UNIT);
}

function readTime(view: DataView, at: number): number | null {
  const time = view.getUint32(at) * UNIT + view.getUint32(at + 4);
  return time <= Number.MAX_SAFE_INTEGER ? time : null;
}
