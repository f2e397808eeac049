/** Who is here, and how the connection is. Reconnection is a quiet mark, never a modal. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { liveness, type Session, type View } from "../client";
import { Bell } from "./bell";
import { Icon, Mark } from "./icons";
import { doing, doingSaid } from "../client/doing";
import { onHold } from "../client/modality";
import { listens } from "../client/state";
import { nameOf } from "./names";
import { Share } from "./share";
import { nextTheme, theme } from "./theme";

const WORDS: Record<View["phase"], string> = {
  idle: "starting",
  opening: "connecting",
  greeting: "connecting",
  live: "connected",
  waiting: "reconnecting",
  ended: "ended",
};

function Agents({ view }: { view: View }): JSX.Element {
  const agents = Object.values(view.state.participants).filter((one) => one.role === "agent" && !one.left && (one.id === view.state.responder || liveness(view.state, one.id) !== "offline"));
  const answers = agents.some((one) => !listens(view.state, one.id));
  return (
    <span class="who-is-here">
      {!answers && <span class="quiet">waiting for an agent</span>}
      {agents.map((one) => {
        const alive = liveness(view.state, one.id);
        const does = doing(view.state, one.id);
        const told = alive !== "online" ? alive : listens(view.state, one.id) ? "reads along" : doingSaid(does);
        return (
          <span class="agent" key={one.id}>
            <span class={`dot ${alive === "online" ? (does.activity === "idle" ? "good" : "busy") : "bad"}`} aria-hidden="true" />
            {nameOf(view.state, one.id, view.participant)} <span class="quiet">{told}</span>
          </span>
        );
      })}
    </span>
  );
}

/** Others who have put themselves on hold. */
function Waiting({ view }: { view: View }): JSX.Element | null {
  const who = Object.keys(view.state.participants).filter((id) => id !== view.participant && onHold(view.state, id));
  if (who.length === 0) return null;
  return <span class="quiet">{who.map((id) => nameOf(view.state, id, view.participant)).join(", ")} on hold</span>;
}

/** Others who type now. A signal may be lost: nobody types for more than five seconds without saying so again. */
function Typing({ session, view }: { session: Session; view: View }): JSX.Element | null {
  const [typing, setTyping] = useState<Readonly<Record<string, number>>>({});
  useEffect(
    () =>
      session.onSignals((signals) => {
        for (const { name, by, data } of signals) {
          if (name === "typing" && typeof by === "string") setTyping((known) => ({ ...known, [by]: data === true ? performance.now() + 5_000 : 0 }));
        }
      }),
    [session],
  );
  useEffect(() => {
    const over = setInterval(() => setTyping((known) => (Object.values(known).some((until) => until > 0 && until < performance.now()) ? {} : known)), 1_000);
    return () => clearInterval(over);
  }, []);
  const who = Object.keys(typing).find((by) => by !== view.participant && (typing[by] ?? 0) > 0);
  return who === undefined ? null : <span class="quiet typing">{nameOf(view.state, who, view.participant)} types…</span>;
}

function devices(view: View): number {
  return Object.values(view.state.attachments).filter((one) => one.participant === view.participant && one.away_since === 0).length;
}

function latencyText(view: View): string {
  if (view.phase !== "live" || view.latency === null) return "";
  return view.latency < 1 ? "< 1 ms" : `${view.latency} ms`;
}

export function Header({ session, view, share }: { session: Session; view: View; share: string }): JSX.Element {
  const [chosen, setChosen] = useState(theme);
  const here = devices(view);
  return (
    <header class="top">
      <h1>
        <Mark /> Legato
      </h1>
      <Agents view={view} />
      <Waiting view={view} />
      <Typing session={session} view={view} />
      <span class={`connection ${view.phase}`} data-phase={view.phase} data-way={view.way}>
        <span class="dot" aria-hidden="true" />
        <span role="status">{view.busy ? "the hub is busy, this page waits" : WORDS[view.phase]}</span>
        <span class="latency">{latencyText(view)}</span>
        {here > 1 && <span class="devices">{here} devices</span>}
        {view.way === "stream" && <span class="devices">by stream</span>}
        {!view.kept && <span class="warn">this browser keeps nothing</span>}
      </span>
      <button type="button" class="round plain" onClick={() => setChosen(nextTheme())} aria-label={`Theme: ${chosen}. Switch`} title={`Theme: ${chosen}`}>
        <Icon name="theme" />
      </button>
      <Bell session={session} view={view} />
      <Share session={session} share={share} />
    </header>
  );
}
