/** The demo: one page that talks, types, and breaks things to show that nothing is lost. */
import type { JSX } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Session, View } from "../client";
import { of } from "../client/state";
import { Announcer } from "./announcer";
import { Breaks } from "./breaks";
import { Budget } from "./budget";
import { Composer } from "./composer";
import { Awaited } from "./awaited";
import { Elsewhere } from "./elsewhere";
import { Header } from "./header";
import { Held } from "./held";
import { CourseStrip } from "./course_strip";
import { useFollowed } from "./following";
import { useReplay, useSpeaking } from "./hearing";
import { comebackText, entryNow, noteOf, noticeText, soundsFrom, type Note } from "./notes";
import { useOpening, type Opened } from "./opening";
import { Asked } from "./person";
import { ReplayStrip } from "./replay_strip";
import { Stages, useTurns } from "./stages";
import { Takeover } from "./takeover";
import { VoiceStrip } from "./talk";
import { Transcript } from "./transcript";
import { useInterim, useVoice } from "./voice_hook";

const KEPT_NOTES = 100;

/** What happened to the session while it was open here. */
function useNotes(session: Session): readonly Note[] {
  const [notes, setNotes] = useState<readonly Note[]>([]);
  const count = useRef(0);
  useEffect(() => {
    let sounded = false;
    const note = (text: string): void => {
      const entry = entryNow(session.view.state);
      setNotes((all) => [...all, { id: ++count.current, entry, text }].slice(-KEPT_NOTES));
    };
    const stops = [
      session.onComeback(({ ms, missed }) => queueMicrotask(() => note(comebackText(ms, missed)))),
      session.onNotice((notice) => note(noticeText(notice))),
      session.onLoss(({ from, to }) => note(`the hub lost events ${from} to ${to}`)),
      session.onMissing((batches) => note(`the hub lost ${batches} of what you sent: say it again`)),
      session.onChange(({ state, attachment }) => (sounded = of(state.attachments, attachment)?.takes.includes("audio") ?? false)),
      session.onEvents((events) => {
        const { state, participant, attachment } = session.view;
        for (const event of events) {
          const text = noteOf(event, state, participant, attachment, sounded);
          if (text !== "") note(text);
          sounded = soundsFrom(event, attachment) ?? sounded;
        }
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }, [session]);
  return notes;
}

const ENDED: Record<number, string> = {
  4101: "This conversation goes on in another window.",
  4003: "You may not take part in this conversation any more.",
  4004: "This conversation does not exist.",
  4010: "This conversation was erased.",
};

function Ended({ view }: { view: View }): JSX.Element | null {
  if (view.ended === null) return null;
  const again = view.ended.code === 4101;
  return (
    <p class="ended" role="alert">
      {ENDED[view.ended.code] ?? `The connection ended: ${view.ended.reason}.`}{" "}
      <button type="button" class="small" onClick={() => (again ? location.reload() : location.assign(location.pathname))}>
        {again ? "Go on here" : "Begin another"}
      </button>
    </p>
  );
}

function Page({ opened, view }: { opened: Opened; view: View }): JSX.Element {
  const { session, invitation } = opened;
  const notes = useNotes(session);
  const voice = useVoice(session, opened.voice);
  const interim = useInterim(session);
  const speaking = useSpeaking(session);
  const hearing = useReplay(session);
  // Who waits for the tap that the browser wants reads all of it.
  const listening = voice?.view.state === "live" && !voice.view.needsTap;
  const onHear = useCallback((message: string, character: number) => void hearing.replay.play(message, character), [hearing.replay]);
  const turns = useTurns(session);
  const heard = hearing.view.playing !== null || hearing.all.playing;
  const [strip, setStrip] = useState(false);
  useEffect(() => {
    if (!heard) return;
    setStrip(true);
    void hearing.course.load();
  }, [heard, hearing.course]);
  useFollowed(hearing.course, view.state, strip);
  const close = useCallback(() => {
    hearing.course.stop();
    setStrip(false);
  }, [hearing.course]);
  return (
    <div class="page">
      <Header session={session} view={view} share={invitation.share} />
      <main>
        <Transcript session={session} view={view} notes={notes} interim={interim} speaking={speaking} listening={listening} turns={turns} onHear={onHear} />
        <Ended view={view} />
        <Awaited view={view} />
        <Asked session={session} view={view} />
        <Budget view={view} />
        <Held view={view} />
        <Takeover session={session} view={view} />
        {voice !== null && <Elsewhere view={view} voice={voice} />}
        {strip && <CourseStrip hearing={hearing} onClose={close} />}
        <ReplayStrip hearing={hearing} />
        {voice !== null && <VoiceStrip voice={voice} />}
        <Composer session={session} view={view} voice={voice} speaking={[...speaking.values()].includes(true)} />
        <Stages turns={turns} />
      </main>
      <Breaks session={session} view={view} kills={invitation.breakable} />
      <Announcer session={session} />
    </div>
  );
}

export function App(): JSX.Element {
  const { opened, view, problem } = useOpening();
  if (opened !== null && view !== null) return <Page opened={opened} view={view} />;
  return (
    <main class="opening" role="status">
      <p>{problem === "" ? "Opening the session…" : `${problem} Trying again…`}</p>
      {problem !== "" && (
        <p class="quiet">
          Is <code>legato demo</code> running?
        </p>
      )}
    </main>
  );
}
