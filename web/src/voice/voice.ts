/**
 * The page's voice: warm sound, a microphone, and one call at a time, made again whenever the session comes back
 * without it. It never stands in the way of the session: what fails is told, and typing works.
 *
 *     off ─ start ─▶ calling ─ connected ─▶ live
 *                      ▲                     │ failed, another node
 *                      └──── (waits) ◀───────┘
 *     calling ─ twelve times in vain ─▶ failed        any ─ stop ─▶ off
 */
import type { Session } from "../client";
import { Call } from "./call";
import { Capture } from "./capture";
import { Microphone, type MicrophoneState } from "./microphone";
import { Output } from "./output";

export type VoiceState = "off" | "calling" | "live" | "failed";

export interface VoiceView {
  readonly state: VoiceState;
  readonly microphone: MicrophoneState;
  readonly muted: boolean;
  readonly device: string;
  /** The browser wants a tap before it lets this page sound. */
  readonly needsTap: boolean;
  /** What a person can do about what is wrong, if anything is. */
  readonly advice: string;
}

type Listener = (view: VoiceView) => void;

const WAITS_MS = [0, 200, 500, 1_000, 2_000];
const MOST_TRIES = 12;
const ADVICE: Partial<Record<MicrophoneState, string>> = {
  denied: "The browser does not let this page use the microphone. You can hear the agent, and typing works.",
  absent: "There is no microphone here. You can hear the agent, and typing works.",
  lost: "The microphone was unplugged. Plug it in again, or type.",
};

export class Voice {
  readonly output: Output;
  readonly microphone: Microphone;
  readonly capture: Capture;
  private state: VoiceState = "off";
  private call: Call | null = null;
  private node = "";
  private tries = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly listeners = new Set<Listener>();
  private readonly certificate = RTCPeerConnection.generateCertificate({ name: "ECDSA", namedCurve: "P-256" } as EcKeyGenParams);
  private view: VoiceView;

  constructor(
    private readonly session: Session,
    private readonly memory: Storage | null,
  ) {
    this.output = new Output(() => this.sounding());
    this.microphone = new Microphone(this.output.context, () => this.microphoneChanged());
    this.capture = new Capture(session.sounds);
    this.view = this.look();
    session.onChange((view) => {
      if (view.phase === "live") this.sessionLive();
    });
    session.onSignals((signals) => {
      for (const { name } of signals) {
        if (name === "mute") this.output.mute();
        if (name === "unmute") this.output.unmute();
      }
    });
  }

  get current(): VoiceView {
    return this.view;
  }

  /** Called now and with every change; returns how to stop. */
  onChange(listener: Listener): () => void {
    this.listeners.add(listener);
    listener(this.view);
    return () => this.listeners.delete(listener);
  }

  /** Talk; best from a gesture. Everything that comes of it is in the view. */
  async start(): Promise<void> {
    this.memory?.setItem(REMEMBERED, "on");
    this.tries = 0;
    this.become("calling");
    this.capture.begin();
    void this.output.warm();
    void this.dial();
    await this.microphone.open();
    // An open microphone is a licence to sound: after a reload there was no gesture.
    await this.output.warm();
    this.show();
  }

  /** Go on with voice if it was on before a reload. */
  async goOn(): Promise<void> {
    if (this.state === "off" && this.memory?.getItem(REMEMBERED) === "on") await this.start();
  }

  /** The tap that the browser wanted. */
  async tap(): Promise<void> {
    await this.output.warm();
    this.show();
  }

  /** Stop talking and listening; the session goes on in text. */
  async stop(): Promise<void> {
    this.memory?.removeItem(REMEMBERED);
    if (this.timer !== null) clearTimeout(this.timer);
    this.call?.hangUp();
    this.call = null;
    this.node = "";
    this.output.rest();
    this.microphone.close();
    this.capture.end();
    this.become("off");
    await this.session.do([{ type: "change_modality", takes: ["text"], gives: ["text"] }]).catch(() => undefined);
  }

  private sessionLive(): void {
    if (this.state === "off" || this.state === "failed" || this.session.node === this.node) return;
    void this.dial();
  }

  private async dial(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    const { node } = this.session;
    if (node === "") return; // it is called when the session is back
    this.node = node;
    this.call?.drop();
    this.call = null;
    const certificate = await this.certificate;
    if (this.state === "off" || this.call !== null || this.node !== node) return;
    const call = new Call(this.session, certificate, this.microphone.track, {
      track: (track) => this.output.play(track),
      // Told before the connection is up, so that the first frame over it may be speech.
      answered: () => this.output.ready && this.session.signal("output_ready", true),
      connected: () => {
        this.tries = 0;
        this.become("live");
        this.sounding();
      },
      failed: () => {
        if (call === this.call) this.again();
      },
    }, (sender) => this.capture.attach(sender));
    this.call = call;
  }

  private again(): void {
    this.call = null;
    this.output.rest();
    if (++this.tries > MOST_TRIES) return this.become("failed");
    this.become("calling");
    const wait = WAITS_MS[Math.min(this.tries - 1, WAITS_MS.length - 1)];
    this.timer = setTimeout(() => void this.dial(), wait);
  }

  private microphoneChanged(): void {
    this.capture.source(this.microphone.track);
    void this.call?.send(this.microphone.track);
    this.show();
  }

  /** Tell the hub whether speech would be heard: it sends none into a cold output. */
  private sounding(): void {
    if (this.state === "live") this.session.signal("output_ready", this.output.ready);
    this.show();
  }

  private become(state: VoiceState): void {
    this.state = state;
    this.show();
  }

  private look(): VoiceView {
    const { state, muted, device } = this.microphone;
    const on = this.state !== "off";
    const failed = this.state === "failed" ? "Voice does not get through here. Typing works." : "";
    const advice = failed || (on ? (ADVICE[state] ?? "") : "");
    return { state: this.state, microphone: state, muted, device, needsTap: this.state === "live" && !this.output.ready, advice };
  }

  private show(): void {
    this.view = this.look();
    for (const listener of this.listeners) listener(this.view);
  }
}

const REMEMBERED = "legato:voice";
