/** Come in: an invitation from the demo's server, and the session that it names. */
import { useEffect, useState } from "preact/hooks";
import { holdEarly, join, openKeep, slotBefore, type Keep, type Session, type View } from "../client";
import { randomId } from "../client/keep";
import { dropEarly, openEarly, type Early } from "../voice/early";
import { talked } from "../voice/remembered";
import { Voice } from "../voice/voice";
import { invite, type Invitation } from "./hub";
import { ofTab, remembered } from "./memory";
import { whereAmI } from "./where_am_i";

export interface Opened {
  readonly session: Session;
  readonly invitation: Invitation;
  /** Null where this browser, or the hub, has none. */
  readonly voice: Voice | null;
}

/** What is begun as soon as the page's script runs: nothing of it waits for anything to be drawn. */
interface Begun {
  readonly keep: Promise<Keep> | null;
  readonly early: Early | null;
}

export interface Opening {
  readonly opened: Opened | null;
  readonly view: View | null;
  /** Why it takes longer; "" while it does not. */
  readonly problem: string;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 4_000;

/** What the address says: a session, and perhaps the ticket of a link that another device showed. */
export function readAddress(hash: string): { readonly wanted: string; readonly ticket: string } {
  const [wanted = "", ...more] = hash.slice(1).split("&");
  return { wanted, ticket: new URLSearchParams(more.join("&")).get("invite") ?? "" };
}

let begun: Begun = { keep: null, early: null };
let first: Promise<Opened> | null = null;

/** Come in; once, before anything is drawn. */
export function begin(): void {
  const { wanted } = readAddress(location.hash);
  const slot = wanted === "" ? "" : slotBefore(wanted);
  const early = slot !== "" && talked(ofTab) ? openEarly(slot, holdEarly(slot)) : null;
  begun = { keep: wanted === "" ? null : openKeep(wanted), early };
  first = open();
  // Whoever draws the page hears of it.
  first.catch(() => undefined);
}

async function open(): Promise<Opened> {
  const { keep, early } = begun;
  const { wanted, ticket } = readAddress(location.hash);
  const part = new URLSearchParams(location.search).get("as") === "operator" ? "operator" : "user";
  const participant = remembered(part === "user" ? "legato:participant" : "legato:operator", () => randomId("p"));
  const invitation = await invite(wanted, participant, part);
  // A ticket does not stay in the address.
  if (invitation.session !== wanted || ticket !== "") history.replaceState(null, "", `#${invitation.session}`);
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

/** The session, once the hub lets this page in; tried until it does. */
export function useOpening(): Opening {
  const [opening, setOpening] = useState<Opening>({ opened: null, view: null, problem: "" });
  useEffect(() => {
    let wait = FIRST_WAIT_MS;
    let timer: ReturnType<typeof setTimeout>;
    const attempt = (): void => {
      const opened = first ?? open();
      first = null;
      opened.then(
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
