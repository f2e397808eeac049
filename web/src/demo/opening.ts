/** Come in: an invitation from the demo's server, and the session that it names. */
import { useEffect, useState } from "preact/hooks";
import { join, type Session, type View } from "../client";
import { dropEarly, type Early } from "../voice/early";
import { within } from "../voice/patience";
import { Voice } from "../voice/voice";
import { begun, invited } from "./begun";
import { invite, type Invitation } from "./hub";
import { ofTab } from "./memory";
import { whereAmI } from "./where_am_i";

export interface Opened {
  readonly session: Session;
  readonly invitation: Invitation;
  /** Null where this browser, or the hub, has none. */
  readonly voice: Voice | null;
}

export interface Opening {
  readonly opened: Opened | null;
  readonly view: View | null;
  /** Why it takes longer; "" while it does not. */
  readonly problem: string;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 4_000;

/** How long what is drawn waits for the call. */
const CALLS_MS = 150;

let first: Promise<Opened> | null = null;

/** Come in; once, before anything is drawn. */
export function comeIn(): void {
  first = open();
  // Whoever draws the page hears of it.
  first.catch(() => undefined);
}

async function open(): Promise<Opened> {
  const { wanted, ticket, part, participant, keep, early } = begun();
  const invitation = await invited();
  // A ticket does not stay in the address.
  if (invitation.session !== wanted || ticket !== "") history.replaceState(history.state, "", `#${invitation.session}`);
  let first: string | null = ticket !== "" && invitation.session === wanted ? ticket : invitation.ticket;
  let joined: Session | null = null;
  const session = await join({
    session: invitation.session,
    ...(keep !== null && invitation.session === wanted ? { keep } : {}),
    device: matchMedia("(pointer: coarse)").matches ? "phone" : "browser",
    ...(new URLSearchParams(location.search).has("stream") ? { only: "stream" } : {}),
    getTicket: async () => {
      const given = first;
      first = null;
      return given ?? (await invite(invitation.session, joined?.view.participant || participant, part)).ticket;
    },
  });
  joined = session;
  if (part === "user") session.tool("where_am_i", whereAmI);
  return { session, invitation, voice: voiceOf(session, invitation.voice, early) };
}

/** The page's voice, going on if it was on before a reload: that does not wait for anything to be drawn. */
function voiceOf(session: Session, offered: boolean, early: Early | null): Voice | null {
  if (!offered || !("RTCPeerConnection" in globalThis) || !("AudioContext" in globalThis)) {
    if (early !== null) dropEarly(early);
    return null;
  }
  const voice = new Voice(session, ofTab, early);
  void voice.goOn();
  return voice;
}

/** What is drawn holds up the page's thread: a call that is about to be made anew goes first. */
async function afterCall(opened: Promise<Opened>): Promise<Opened> {
  const { early } = begun();
  if (early !== null) await within(CALLS_MS, (done) => void early.peer.then(done, done));
  return opened;
}

/** The session, once the hub lets this page in; tried until it does. */
export function useOpening(): Opening {
  const [opening, setOpening] = useState<Opening>({ opened: null, view: null, problem: "" });
  useEffect(() => {
    let wait = FIRST_WAIT_MS;
    let timer: ReturnType<typeof setTimeout>;
    const attempt = (): void => {
      const opened = first ?? open();
      first = null;
      afterCall(opened).then(
        (opened) => {
          Object.assign(globalThis, { legato: opened.session });
          setOpening({ opened, view: opened.session.view, problem: "" });
          opened.session.onChange((view) => setOpening({ opened, view, problem: "" }));
        },
        () => {
          setOpening({ opened: null, view: null, problem: "The hub cannot be reached." });
          timer = setTimeout(attempt, wait);
          wait = Math.min(wait * 2, LONGEST_WAIT_MS);
        },
      );
    };
    attempt();
    addEventListener("hashchange", () => location.reload());
    return () => clearTimeout(timer);
  }, []);
  return opening;
}
