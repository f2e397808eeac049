/** The microphone: which one, whether it may be used, whether it is muted, how loud it is. */
import { levelOf } from "./level";
import { rememberMuted, wasMuted } from "./remembered";

/** `lost`: it was there, and was taken away. */
export type MicrophoneState = "off" | "asking" | "open" | "denied" | "absent" | "lost";

const WISH: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
/** It is not there, or another program has it. */
const GONE = ["OverconstrainedError", "NotFoundError", "NotReadableError"];

/** Ask the browser for a microphone: this one, or ("") the system's default. */
export function askMicrophone(device = ""): Promise<MediaStream> {
  if (navigator.mediaDevices === undefined) return Promise.reject(new DOMException("", "SecurityError"));
  return navigator.mediaDevices.getUserMedia({ audio: device === "" ? WISH : { ...WISH, deviceId: { exact: device } } });
}

export class Microphone {
  state: MicrophoneState = "off";
  muted: boolean;
  /** Its person put this device on hold: silence leaves it, muted or not. */
  held = false;
  /** Open, and none of it leaves this page. */
  withheld = false;
  /** The chosen device's id; "" for the system's default. */
  device = "";
  /** The microphone that was chosen last could not be opened; the one before goes on. */
  refusedAnother = false;
  /** The one whose stream this is. */
  private opened = "";
  private stream: MediaStream | null = null;
  private meter: AnalyserNode | null = null;
  private source: AudioNode | null = null;
  private ear: AudioNode | null = null;
  private asked = 0;

  /**
   * `changed` is told of every change of state or track; `early`: the default one was asked for before; `memory`: where it
   * is kept over a reload that it is muted.
   */
  constructor(
    private readonly context: AudioContext,
    private readonly changed: () => void,
    private early: Promise<MediaStream> | null = null,
    private readonly memory: Storage | null = null,
  ) {
    this.muted = wasMuted(memory);
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.devicesChanged());
  }

  get track(): MediaStreamTrack | null {
    return this.stream?.getAudioTracks()[0] ?? null;
  }

  /** What may leave this page. */
  get given(): MediaStreamTrack | null {
    return this.withheld ? null : this.track;
  }

  /** Microphones to choose from; their names are known once one was allowed. */
  async devices(): Promise<MediaDeviceInfo[]> {
    const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    return all.filter((device) => device.kind === "audioinput" && device.deviceId !== "" && device.deviceId !== "default");
  }

  /** Open it; what comes of it is in `state`. */
  async open(device = this.device): Promise<void> {
    const turn = ++this.asked;
    this.device = device;
    this.refusedAnother = false;
    rememberMuted(this.memory, this.muted); // one that was closed was forgotten
    if (this.stream === null) this.become("asking");
    try {
      const stream = await this.asking(device);
      if (turn !== this.asked) return stop(stream); // somebody changed their mind meanwhile
      this.opened = device;
      this.take(stream);
    } catch (problem) {
      if (turn !== this.asked) return;
      if (this.stream !== null) return this.goOn();
      const name = problem instanceof DOMException ? problem.name : "";
      if (device !== "" && GONE.includes(name)) return this.open("");
      this.become(name === "NotAllowedError" || name === "SecurityError" ? "denied" : "absent");
      void this.refused();
    }
  }

  close(): void {
    this.refusedAnother = false;
    rememberMuted(this.memory, false);
    this.asked += 1;
    if (this.stream !== null) stop(this.stream);
    this.gone();
    this.become("off");
  }

  /** Let this one hear it, whichever it is. */
  tap(node: AudioNode): void {
    this.ear = node;
    this.source?.connect(node);
  }

  mute(muted: boolean): void {
    this.muted = muted;
    rememberMuted(this.memory, muted);
    this.sounds();
    this.changed();
  }

  hold(held: boolean): void {
    this.held = held;
    this.sounds();
    this.changed();
  }

  /** Let nothing of it leave this page, not even silence. */
  withhold(withheld: boolean): void {
    this.withheld = withheld;
    this.mute(withheld);
  }

  /** How loud it is now, 0 to 1. */
  level(): number {
    return this.meter === null || this.muted || this.held ? 0 : levelOf(this.meter);
  }

  private sounds(): void {
    if (this.track !== null) this.track.enabled = !this.muted && !this.held;
  }

  private asking(device: string): Promise<MediaStream> {
    const { early } = this;
    this.early = null;
    if (early === null || device === "") return early ?? askMicrophone(device);
    void early.then(stop, () => undefined);
    return askMicrophone(device);
  }

  private take(stream: MediaStream): void {
    if (this.stream !== null) stop(this.stream);
    this.gone();
    this.stream = stream;
    this.sounds(); // before anything hears it
    this.listen(stream);
    const { track } = this;
    if (track !== null) {
      track.onended = () => {
        if (track !== this.track) return;
        this.gone();
        this.become("lost");
        void this.refused();
      };
    }
    this.become("open");
  }

  /** Hear it here, too. A browser may refuse that (one whose rate is not the context's): it is sent all the same. */
  private listen(stream: MediaStream): void {
    try {
      this.source = this.context.createMediaStreamSource(stream);
    } catch {
      return; // nothing is drawn of it, and the hub hears for us
    }
    this.meter = this.context.createAnalyser();
    this.meter.fftSize = 1024;
    this.source.connect(this.meter);
    if (this.ear !== null) this.source.connect(this.ear);
  }

  /** Another one was chosen in vain: the one that is heard stays so, and says so. */
  private goOn(): void {
    this.device = this.opened;
    this.refusedAnother = true;
    this.become("open");
  }

  private gone(): void {
    this.source?.disconnect();
    this.stream = this.meter = this.source = null;
  }

  /** A microphone that went because its permission did is `denied`; once it is allowed again, go on with it. */
  private async refused(): Promise<void> {
    const status = await navigator.permissions?.query({ name: "microphone" }).catch(() => null);
    if (status == null) return; // this browser does not tell
    if (status.state === "denied" && this.state === "lost") this.become("denied");
    status.onchange = () => {
      if (status.state === "granted" && this.state === "denied") void this.open();
    };
  }

  private async devicesChanged(): Promise<void> {
    // Plugged in again, or another one: go on with it without being asked.
    if (this.state === "lost" || this.state === "absent") await this.open();
    else this.changed();
  }

  private become(state: MicrophoneState): void {
    this.state = state;
    this.changed();
  }
}

export function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
