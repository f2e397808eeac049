/**
 * The microphone's capture: a clock of its own in a Web Worker, frames that carry it, and what is not safe yet. It goes
 * on through every call and connection; the hub says up to where it has everything, and what it lacks is sent again.
 *
 *     plain ── begin ──▶ waiting ── acknowledged ──▶ stamped ── end ──▶ plain
 *
 * While it waits for the hub's first word, calls send nothing: what is said is kept, and comes. Where the hub or the
 * browser knows nothing of captures it stays plain, and calls send what the browser makes.
 */
import type { Down, DownAttached } from "../client/aliases";
import type { Sounds } from "../client/sounds";
import type { Order, Word } from "./orders";
import { Tail } from "./tail";

const STREAM = 1;
/** Pieces (10 ms each) that may wait for the worker: it never is behind for long. */
const BUFFER = 100;

type Stage = "plain" | "waiting" | "stamped";
type Processor = new (options: { track: MediaStreamTrack; maxBufferSize: number }) => { readonly readable: ReadableStream<AudioData> };

/** Whether this browser can count a microphone's time by itself. */
export function capable(): boolean {
  return ["MediaStreamTrackProcessor", "AudioEncoder", "RTCRtpScriptTransform"].every((name) => name in globalThis);
}

/** The worker of this page's captures; null where the browser cannot count. */
export function captureWorker(): Worker | null {
  return capable() ? new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }) : null;
}

/** Let this sender's calls carry the capture; before its offer is made. */
export function dress(worker: Worker | null, sender: RTCRtpSender): void {
  if (worker !== null) sender.transform = new RTCRtpScriptTransform(worker);
}

export class Capture {
  private stage: Stage = "plain";
  private name = "";
  private attachment = "";
  private wanted = false;
  private track: MediaStreamTrack | null = null;
  private readonly tail: Tail;

  /**
   * `carries`: whether the stream stands for a call (asked whenever a connection opens); `again`: whether such a one takes
   * the voice from no other device.
   */
  constructor(
    private readonly sounds: Sounds,
    private readonly carries: () => boolean = () => false,
    private readonly worker: Worker | null = captureWorker(),
    memory: Storage | null = null,
    private readonly again: () => boolean = () => true,
  ) {
    this.tail = new Tail(memory);
    if (this.worker !== null) this.worker.onmessage = ({ data }: MessageEvent<Word>) => this.said(data);
    sounds.listen({
      told: (envelope) => this.told(envelope),
      heard: () => undefined,
      back: (attached) => this.back(attached),
      away: () => this.order({ do: "away" }),
    });
  }

  /** Whether what is said is acknowledged. */
  get acknowledged(): boolean {
    return this.stage === "stamped";
  }

  /** Let this sender's calls carry the capture; before its offer is made. */
  attach(sender: RTCRtpSender): void {
    dress(this.worker, sender);
  }

  /** A microphone will be opened: a new capture, unless one is running. */
  begin(): void {
    if (this.wanted || this.worker === null) return;
    this.wanted = true;
    this.name = crypto.randomUUID().replaceAll("-", "").slice(0, 16);
    this.order({ do: "capture", capture: this.name, stream: STREAM });
    const attached = this.sounds.attached();
    if (attached === null) return;
    // At once, and not by way of the worker: the hub should know before it hears of the call.
    if (attached.captures === true) this.open(0, 0);
    this.back(attached);
  }

  /** Its sound is this track's from here on; `rests`: there is none for now, on purpose. */
  source(track: MediaStreamTrack | null, rests = false): void {
    if (rests) this.rest();
    if (this.worker === null || track === null || track === this.track) return;
    this.track = track;
    const { MediaStreamTrackProcessor } = globalThis as unknown as { MediaStreamTrackProcessor: Processor };
    const { readable } = new MediaStreamTrackProcessor({ track, maxBufferSize: BUFFER });
    this.order({ do: "source", readable }, [readable]);
  }

  /** No microphone any more. */
  end(): void {
    this.wanted = false;
    this.track = null;
    this.become("plain");
    this.order({ do: "end" });
  }

  /** Whether the connection could carry the voice itself. */
  get portable(): boolean {
    const { sounds } = this;
    return this.worker !== null && "AudioDecoder" in globalThis && sounds.carries() && sounds.attached()?.captures === true;
  }

  /** The connection should carry the voice itself, or should not any more. */
  renew(): void {
    const attached = this.sounds.attached();
    if (this.wanted && attached !== null) this.back(attached);
  }

  /**
   * Once all that was said is safe another capture begins: the rest is no hole, and the hub knows of the next one before a
   * word of it is said.
   */
  private rest(): void {
    if (this.track === null) return;
    this.track = null;
    this.order({ do: "rest" });
  }

  private back(attached: DownAttached): void {
    if (!this.wanted) return;
    if (attached.captures !== true) return this.become("plain");
    if (this.attachment !== attached.attachment || this.stage === "plain") this.become("waiting");
    this.attachment = attached.attachment;
    this.order({ do: "carry", carries: this.carries() });
    this.order({ do: "open" });
  }

  private told(envelope: Down): void {
    if (envelope.type !== "audio_acked" || !envelope.track.endsWith(`.${this.name}`)) return;
    if (this.wanted) this.become("stamped");
    this.tail.safe(this.name, envelope.until);
    this.order({ do: "acked", until: envelope.until, missing: envelope.missing ?? [] });
  }

  private said(word: Word): void {
    switch (word.say) {
      case "opened":
        return this.open(word.since, word.clock);
      case "captured":
        // A hub that knows nothing of captures has no word of what is safe.
        if (this.attachment !== "") this.tail.captured(this.attachment, word.capture, word.until, performance.now());
        return;
      case "send":
        // On the stream of the next capture it would be taken for that one's.
        if (word.capture !== this.name) return;
        for (const envelope of word.envelopes) this.sounds.send(envelope);
        return;
      case "rested":
        if (!this.wanted || this.track !== null) return;
        this.end();
        return this.begin();
      case "lacking":
        return void this.sounds.tell({ type: "lacking", stream: STREAM, gaps: word.gaps.slice(0, MOST_GAPS) });
    }
  }

  private open(since: number, clock: number): void {
    const before = this.tail.before(this.sounds.attached()?.attachment ?? "", this.name);
    const carries = this.carries();
    const microphone = { type: "microphone", stream: STREAM, capture: this.name, since, clock, carries };
    const more = { ...(before.length > 0 ? { before } : {}), ...(carries && this.again() ? { again: true } : {}) };
    this.sounds.tell({ ...microphone, ...more });
  }

  private become(stage: Stage): void {
    if (this.stage === stage) return;
    this.stage = stage;
    this.order({ do: "mode", mode: stage });
  }

  private order(order: Order, transfer: Transferable[] = []): void {
    this.worker?.postMessage(order, transfer);
  }
}

const MOST_GAPS = 64;
