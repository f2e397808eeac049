/**
 * The console's side of a call. Listening has no microphone at all. Arming opens it and sends nothing, not even silence.
 * It is heard only from `open` on (the click that takes over), or while one whispers or barges in; wherever the page is in
 * doubt it is muted. The hub lets nobody hear who only listens, whatever a page does.
 */
import type { Session } from "../client";
import type { VoiceView } from "../voice/view";
import { Voice } from "../voice/voice";
import type { Place } from "./words";

export class Ears {
  readonly voice: Voice;

  constructor(session: Session) {
    this.voice = new Voice(session, null);
    this.voice.microphone.withhold(true);
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
    this.voice.microphone.withhold(false);
  }

  /** Nothing is sent, unless one is to be heard where one stands. */
  heed(place: Place): void {
    this.voice.microphone.withhold(place === "monitor");
  }

  async stop(): Promise<void> {
    if (this.voice.current.state !== "off") await this.voice.stop();
  }
}
