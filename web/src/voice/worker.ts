/**
 * The voice's Web Worker: the capture's clock, its frames that are not safe yet, and the frames of calls on their way
 * out. It outlives calls and connections, and no timer of it is slowed in a hidden tab.
 */
import { encodeAudio, OPUS, stamped } from "./envelope";
import { Encoding } from "./encoding";
import type { Order, Word } from "./orders";
import { Outgoing } from "./outgoing";
import { FRAME } from "./clock";
import { Unacked, type Run } from "./unacked";

const LOOK_MS = 100;
/** How long after a rest began packets of before it may come to the hub: they do not say which capture they are of. */
const REST_MS = 1_000;

/** `plain`: calls send what the browser makes; `waiting`: nothing; `stamped`: the capture's frames. */
let mode: Extract<Order, { do: "mode" }>["mode"] = "plain";
let stream = 0;
let capture = "";
let source = 0;
let carries = false;
/** The capture is over; what of it comes out of the encoder yet no call carries. */
let ended = false;
/** Since when no sound comes; null: it does, or all of it is safe. */
let restingSince: number | null = null;
let unacked = new Unacked();
let encoding = encoder();
const calls = new Set<Outgoing>();

function tell(word: Word, transfer: Transferable[] = []): void {
  postMessage(word, { transfer });
}

function captured(mediaTime: number, frame: Uint8Array<ArrayBuffer>): void {
  if (!unacked.capture(mediaTime, FRAME, frame, performance.now())) return;
  if (carries) send([{ mediaTime, frames: [frame] }], false);
  else if (ended) hurry();
  for (const outgoing of calls) outgoing.put({ mediaTime, frame });
  tell({ say: "captured", capture, until: unacked.end });
}

function send(runs: readonly Run[], resent = true): void {
  if (runs.length === 0) return;
  const envelopes = runs.map(({ mediaTime, frames }) => encodeAudio({ kind: OPUS, stream, mediaTime, frames, resent }));
  tell({ say: "send", capture, envelopes }, envelopes.map((each) => each.buffer));
}

/** What an encoder still had when the next capture began is none of that. */
function encoder(): Encoding {
  const made: Encoding = new Encoding((mediaTime, frame) => void (made === encoding && captured(mediaTime, frame)));
  return made;
}

/** All that is not safe, now: the next capture may begin at any moment. */
function hurry(): void {
  if (unacked.nextDeadline() !== null) send(unacked.opened(performance.now()));
}

/** Read a microphone until another takes its place. */
async function read(readable: ReadableStream<AudioData>): Promise<void> {
  const turn = ++source;
  const reader = readable.getReader();
  let shift: number | null = null;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    if (turn !== source) {
      value.close();
      return void reader.cancel();
    }
    // Each source counts from a time of its own; all of them are brought to this worker's clock.
    shift ??= performance.now() * 1_000 - (value.duration + value.timestamp);
    encoding.push(value, value.timestamp + shift);
  }
}

function order(told: Order): void {
  switch (told.do) {
    case "capture":
      stream = told.stream;
      capture = told.capture;
      source += 1;
      restingSince = null;
      ended = false;
      unacked = new Unacked();
      encoding.close();
      encoding = encoder();
      for (const outgoing of calls) outgoing.clear();
      return;
    case "source":
      restingSince = null;
      return void read(told.readable);
    case "rest":
      source += 1;
      restingSince = performance.now();
      return;
    case "end":
      ended = true;
      return hurry();
    case "mode":
      mode = told.mode;
      return;
    case "carry":
      carries = told.carries;
      return;
    case "open":
      tell({ say: "opened", since: unacked.since, clock: encoding.clock.now });
      return send(unacked.opened(performance.now()));
    case "away":
      return unacked.closed();
    case "acked": {
      const { runs, lacking } = unacked.acked(told.until, told.missing, performance.now());
      send(runs);
      if (lacking.length > 0) tell({ say: "lacking", gaps: lacking });
    }
  }
}

/** Put the capture's frames in the place of those that the browser encoded: same beat, our sound. */
async function carry({ readable, writable }: RTCRtpScriptTransformer): Promise<void> {
  const outgoing = new Outgoing();
  calls.add(outgoing);
  const reader = (readable as ReadableStream<RTCEncodedAudioFrame>).getReader();
  const writer = (writable as WritableStream<RTCEncodedAudioFrame>).getWriter();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const next = mode === "stamped" ? outgoing.next() : undefined;
      if (next !== undefined) value.data = stamped(next.frame, next.mediaTime).buffer;
      if (next !== undefined || mode === "plain") await writer.write(value);
    }
  } finally {
    calls.delete(outgoing);
  }
}

onmessage = ({ data }: MessageEvent<Order>) => order(data);
(self as unknown as { onrtctransform: (event: RTCTransformEvent) => void }).onrtctransform = ({ transformer }) => {
  void carry(transformer).catch(() => undefined); // its call is over
};
function look(): void {
  const now = performance.now();
  send(unacked.late(now));
  if (restingSince === null || now - restingSince < REST_MS || unacked.size > 0) return;
  restingSince = null;
  tell({ say: "rested" });
}

setInterval(look, LOOK_MS);
