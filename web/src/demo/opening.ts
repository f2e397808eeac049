/** Come in: an invitation from the demo's server, and the session that it names. */
import { useEffect, useState } from "preact/hooks";
import { join, type Session, type View } from "../client";
import { randomId } from "../client/keep";
import { invite, type Invitation } from "./hub";
import { remembered } from "./memory";

export interface Opened {
  readonly session: Session;
  readonly invitation: Invitation;
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

async function open(): Promise<Opened> {
  const { wanted, ticket } = readAddress(location.hash);
  const participant = remembered("legato:participant", () => randomId("p"));
  const invitation = await invite(wanted, participant);
  // A ticket does not stay in the address.
  if (invitation.session !== wanted || ticket !== "") history.replaceState(null, "", `#${invitation.session}`);
  let first: string | null = ticket !== "" && invitation.session === wanted ? ticket : invitation.ticket;
  let joined: Session | null = null;
  const session = await join({
    session: invitation.session,
    device: matchMedia("(pointer: coarse)").matches ? "phone" : "browser",
    ...(new URLSearchParams(location.search).has("stream") ? { only: "stream" } : {}),
    getTicket: async () => {
      const given = first;
      first = null;
      return given ?? (await invite(invitation.session, joined?.view.participant || participant)).ticket;
    },
  });
  joined = session;
  return { session, invitation };
}

/** The session, once the hub lets this page in; tried until it does. */
export function useOpening(): Opening {
  const [opening, setOpening] = useState<Opening>({ opened: null, view: null, problem: "" });
  useEffect(() => {
    let wait = FIRST_WAIT_MS;
    let timer: ReturnType<typeof setTimeout>;
    const attempt = (): void => {
      open().then(
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
