/** Who has this person's voice, if another device has it; and the tap that takes it back. */
import type { JSX } from "preact";
import type { View } from "../client";
import { playsFor } from "../client/modality";
import { of } from "../client/state";
import type { VoiceHook } from "./voice_hook";

export function Elsewhere({ view, voice: { voice, view: here } }: { view: View; voice: VoiceHook }): JSX.Element | null {
  const where = of(view.state.attachments, playsFor(view.state, view.participant));
  if (here.state !== "off" || where === undefined || where.id === view.attachment || where.call === "") return null;
  return (
    <p class="elsewhere" role="status" data-elsewhere={where.id}>
      You are talking on your {where.device === "browser" || where.device === "" ? "other browser" : where.device}. Here is the text.{" "}
      <button type="button" class="small" onPointerDown={() => void voice.output.warm()} onClick={() => void voice.start()}>
        Talk here
      </button>
    </p>
  );
}
