/**
 * The console's side of a call. Listening has no microphone at all. Arming opens it and sends nothing, not even silence.
 * It is heard only from `open` on (the click that takes over), or while one whispers or barges in; wherever the page is in
 * doubt it is muted (`Valve`), as while its connection is lost. The hub lets nobody hear who only listens, whatever a page does.
 */
import type { Session } from "../client";
import type { VoiceView } from "../voice/view";
import { Voice } from "../voice/voice";
import { Valve } from "./valve";
import type { Place } from "./words";

export class Ears {
  readonly voice: Voice;
  private readonly valve = new Valve();

  constructor(session: Session) {
    this.voice = new Voice(session, null);
    this.let(false);
  }

  onChange(listener: (view: VoiceView) => void): () => void {
    return this.voice.onChange(listener);
  }

  /** Hear the session. */
  async listen(): Promise<void> {
    await this.voice.start(true);
  }

  /** Open the microphone; nothing of it leaves the page. */
  async arm(): Promise<void> {
    if (this.voice.current.state === "off") await this.listen();
    await this.voice.microphone.open();
  }

  /** Be heard, as far as the hub lets one. */
  open(): void {
    this.let(this.valve.click());
  }

  /** What was clicked was refused. */
  refused(): void {
    this.let(this.valve.refused());
  }

  /** Nothing is sent, unless one is to be heard where one stands, and is connected. */
  heed(place: Place, live: boolean): void {
    this.let(this.valve.heed(place, live));
  }

  async stop(): Promise<void> {
    if (this.voice.current.state !== "off") await this.voice.stop();
  }

  private let(open: boolean): void {
    this.voice.microphone.withhold(!open);
  }
}
