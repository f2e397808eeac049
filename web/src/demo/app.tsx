/** The demo: one page that talks, types, and breaks things to show that nothing is lost. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { join, readEntry, type Entry, type Session, type View } from "../client";
import { randomId } from "../client/keep";
import { Breaks } from "./breaks";
import { Composer } from "./composer";
import { Header } from "./header";
import { invite, whoAmI, type Invitation } from "./hub";
import { Stages } from "./stages";
import { Transcript, type Note } from "./transcript";

interface Opened {
  session: Session;
  invitation: Invitation;
}

async function open(): Promise<Opened> {
  const wanted = location.hash.slice(1);
  const participant = whoAmI(() => randomId("p"));
  let invitation = await invite(wanted, participant);
  if (invitation.session !== wanted) history.replaceState(null, "", `#${invitation.session}`);
  let first = true;
  const session = await join({
    session: invitation.session,
    stream: new URLSearchParams(location.search).has("stream"),
    getTicket: async () => {
      if (!first) invitation = await invite(invitation.session, participant);
      first = false;
      return invitation.ticket;
    },
  });
  return { session, invitation };
}

function useSession(): { opened: Opened | null; view: View | null; error: string } {
  const [opened, setOpened] = useState<Opened | null>(null);
  const [view, setView] = useState<View | null>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    let stop = (): void => undefined;
    open().then(
      (found) => {
        setOpened(found);
        setView(found.session.view);
        stop = found.session.onChange(setView);
        Object.assign(globalThis, { legato: found.session });
      },
      (problem: unknown) => setError(String(problem)),
    );
    return () => stop();
  }, []);
  return { opened, view, error };
}

export function App(): JSX.Element {
  const { opened, view, error } = useSession();
  const [notes, setNotes] = useState<Note[]>([]);
  const [older, setOlder] = useState<{ entries: Entry[]; before: number }>({ entries: [], before: 0 });
  const count = useRef(0);
  useEffect(() => {
    if (opened === null) return undefined;
    const note = (text: string): void =>
      setNotes((all) => [...all, { id: ++count.current, at: opened.session.view.state.offset, text }].slice(-50));
    const stops = [
      opened.session.onComeback(({ ms, missed }) => note(`back after ${Math.round(ms)} ms, ${missed} events caught up`)),
      opened.session.onLoss(({ from, to }) => note(`the hub lost events ${from} to ${to}`)),
    ];
    return () => stops.forEach((stop) => stop());
  }, [opened]);
  if (error !== "") return <main class="empty" role="alert">The hub cannot be reached: {error}. Is `legato demo` running?</main>;
  if (opened === null || view === null) return <main class="empty">Opening the session…</main>;
  const more = view.state.finished > Object.values(view.state.entries).filter((entry) => entry.ordinal > 0).length + older.entries.length;
  const loadOlder = async (): Promise<void> => {
    const oldest = Math.min(...Object.values(view.state.entries).map((entry) => entry.ordinal).filter((ordinal) => ordinal > 0));
    const page = await opened.session.history(older.before === 0 ? oldest : older.before);
    setOlder({ entries: [...page.entries.map(readEntry), ...older.entries], before: page.before });
  };
  return (
    <div class="page">
      <Header view={view} share={opened.invitation.share} />
      <Transcript state={view.state} outgoing={view.outgoing} older={older.entries} notes={notes} me={view.participant} hasOlder={more} onOlder={() => void loadOlder()} />
      <Stages state={view.state} session={opened.session} />
      <Composer session={opened.session} view={view} voice={opened.invitation.voice} />
      {opened.invitation.breakable && <Breaks session={opened.session} view={view} />}
    </div>
  );
}
