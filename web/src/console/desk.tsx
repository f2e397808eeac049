/** The open session: its transcript, what one may do, and what one writes. */
import type { JSX } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { RefusedError, type Command, type Session, type View } from "../client";
import { useReplay, useSpeaking } from "../demo/hearing";
import { Transcript } from "../demo/transcript";
import { withNames } from "../demo/names";
import { useInterim } from "../demo/voice_hook";
import { Listening } from "./listening";
import type { Ears } from "./ears";
import type { Hub } from "./hub";
import { Aside } from "./side";
import { Steering } from "./steering";
import { Timeline } from "./timeline";
import { keyed } from "./keys";
import { verbsOf, type Verb } from "./verbs";
import { placeOf, placeText } from "./words";
import { Writing } from "./writing";

interface Props {
  readonly hub: Hub;
  readonly session: Session;
  readonly view: View;
  readonly ears: Ears | null;
  /** Why nothing can be heard, where it cannot. */
  readonly voiceless: string;
  readonly onClose: () => void;
}

const NO_NOTES: readonly never[] = [];

/** Why it did not work, for a person. */
function reasonOf(problem: unknown, { state, participant: me }: View): string {
  if (!(problem instanceof RefusedError)) return "That did not work. Try again.";
  const { reason, detail = "" } = problem.refusal;
  const told = withNames(state, detail, me);
  if (reason === "already_exists") return `Somebody else was quicker${told === "" ? "." : `: ${told}.`}`;
  return `Refused: ${told === "" ? reason : told}.`;
}

export function Desk({ hub, session, view, ears, voiceless, onClose }: Props): JSX.Element {
  const { state, participant: me } = view;
  const [problem, setProblem] = useState("");
  const [briefing, setBriefing] = useState("");
  const speaking = useSpeaking(session);
  const interim = useInterim(session);
  const hearing = useReplay(session);
  const onHear = useCallback((message: string, character: number) => void hearing.replay.play(message, character), [hearing.replay]);
  const field = useRef<HTMLInputElement>(null);
  const place = placeOf(state, me);
  const latest = useRef(view);
  latest.current = view;

  useEffect(() => {
    ears?.heed(place, view.phase === "live");
  }, [ears, place, view.phase]);

  const act = useCallback(
    async (commands: readonly Command[]): Promise<boolean> => {
      setProblem("");
      try {
        if (commands.length > 0) await session.do([...commands]);
        return true;
      } catch (refusal) {
        setProblem(reasonOf(refusal, latest.current));
        return false;
      }
    },
    [session],
  );
  const press = useCallback(
    (verb: Verb): void => {
      if (!verb.possible) return;
      // The microphone opens with the click; the hub lets nothing through before the log says so.
      if (verb.key === "t") ears?.open();
      void act(verb.commands).then((done) => {
        if (done && verb.key === "h") setBriefing("");
        if (!done) ears?.refused();
      });
      if (verb.key === "w" || verb.key === "b" || verb.key === "t") field.current?.focus();
    },
    [act, ears, me, session],
  );
  const verbs = verbsOf(state, me, briefing.trim());

  return (
    <main class="desk" aria-label="Session" data-place={place} data-session={view.session}>
      <header class="desk-top">
        <button type="button" class="small back" onClick={onClose}>Back</button>
        <p class={`place ${place}`} role="status">{placeText(state, me)}</p>
        <span class={`connection ${view.phase}`} data-phase={view.phase}>
          <span class="dot" aria-hidden="true" /> {view.phase === "live" ? "connected" : view.phase === "ended" ? "ended" : "reconnecting"}
        </span>
      </header>
      <div class="verbs" role="toolbar" aria-label="What you can do">
        {verbs.map((verb) => (
          <button type="button" key={verb.key} class={`small ${verb.pressed ? "pressed" : ""}`} data-verb={verb.key} disabled={!verb.possible} aria-pressed={verb.renamed ? undefined : verb.pressed} {...keyed(verb.key)} onClick={() => press(verb)}>
            {verb.name} <kbd>{verb.key}</kbd>
          </button>
        ))}
        <Steering session={session} view={view} act={act} />
        {ears === null ? <span class="voiceless quiet">{voiceless}</span> : <Listening ears={ears} />}
      </div>
      {problem !== "" && <p class="problem bad" role="alert">{problem}</p>}
      <Transcript session={session} view={view} notes={NO_NOTES} interim={interim} speaking={speaking} listening={false} tries={false} onHear={onHear} />
      <Timeline view={view} hearing={hearing} />
      <Writing session={session} view={view} field={field} act={act} key={view.session} />
      <Aside hub={hub} view={view} act={act} briefing={briefing} onBriefing={setBriefing} />
    </main>
  );
}
