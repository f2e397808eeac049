/** The session that is open here. One that is answered here stays joined while another is looked at: who detaches hands back. */
import { useCallback, useRef, useState } from "preact/hooks";
import { join, type Session, type View } from "../client";
import { of } from "../client/state";
import { Ears } from "./ears";
import type { Hub } from "./hub";
import { isFinal, refusalText, troubleOf } from "./trouble";

export interface Open {
  readonly session: Session;
  readonly ears: Ears | null;
}

export interface Opening {
  readonly opened: Open | null;
  readonly view: View | null;
  readonly open: (session: string) => void;
  readonly close: () => void;
}

function canTalk(): boolean {
  return "RTCPeerConnection" in globalThis && "AudioContext" in globalThis;
}

/** Who opens a session listens, and is heard by nobody, until they say otherwise. */
function listen(session: Session): void {
  let told = false;
  session.onChange(({ state, participant, phase }) => {
    const me = of(state.participants, participant);
    if (told || phase !== "live" || me === undefined) return;
    told = true;
    if (me.stance === "" && state.responder !== participant) session.do([{ type: "change_stance", stance: "monitor" }]).catch(() => undefined);
  });
}

/** Whether who detaches there would hand back. While its connection is lost, what it said last holds. */
export function answers({ state, participant, phase }: Pick<View, "state" | "participant" | "phase">): boolean {
  return phase !== "ended" && participant !== "" && state.responder === participant;
}

/** `tell` is told why the session that is wanted is not there; "": it is looked for, or there. */
export function useOpen(hub: Hub, voice: boolean, tell: (trouble: string) => void): Opening {
  const [opened, setOpened] = useState<Open | null>(null);
  const [view, setView] = useState<View | null>(null);
  const wanted = useRef("");
  const current = useRef<Open | null>(null);
  const answered = useRef(new Map<string, Open>());

  const show = useCallback((one: Open | null): void => {
    current.current = one;
    if (one !== null) Object.assign(globalThis, { legato: one.session, legatoVoice: one.ears?.voice });
    setOpened(one);
    setView(one?.session.view ?? null);
  }, []);
  const close = useCallback((): void => {
    const left = current.current;
    wanted.current = "";
    show(null);
    if (left === null) return;
    void left.ears?.stop();
    const { view: last } = left.session;
    if (answers(last)) answered.current.set(last.session, left);
    else void left.session.detach();
  }, [show]);
  /** What somebody else answers by now is joined no more: one would seem to listen, and the hub would look for nobody else. */
  const letGo = useCallback((next: View, session: Session): void => {
    if (answered.current.get(next.session)?.session !== session || answers(next)) return;
    answered.current.delete(next.session);
    void session.detach();
  }, []);
  /** It will not open: it may be asked for again. */
  const giveUp = useCallback(
    (id: string, why: string): void => {
      if (wanted.current !== id) return;
      close();
      tell(why);
    },
    [close, tell],
  );
  /** Tickets for that session. The link asks again until there is one, which would say nothing to who waits. */
  const ticketsFor = useCallback(
    (id: string): (() => Promise<string>) => {
      let told = false;
      return async () => {
        try {
          const ticket = await hub.ticketFor(id);
          if (told && wanted.current === id) tell("");
          told = false;
          return ticket;
        } catch (failure) {
          const opens = (current.current?.session.view.session ?? "") === "";
          if (opens && isFinal(failure)) giveUp(id, troubleOf(failure));
          else if (wanted.current === id && (opens || isFinal(failure))) tell(`${troubleOf(failure)} Trying again…`);
          told = true;
          throw failure;
        }
      };
    },
    [giveUp, hub, tell],
  );
  const open = useCallback(
    (id: string): void => {
      if (wanted.current === id && current.current?.session.view.phase !== "ended") return;
      close();
      tell("");
      wanted.current = id;
      const known = answered.current.get(id);
      if (known !== undefined) {
        answered.current.delete(id);
        return show(known);
      }
      void join({ session: `console:${id}`, device: "console", getTicket: ticketsFor(id) }).then(
        (session) => {
          if (wanted.current !== id) return session.detach();
          session.onChange((next) => {
            if (current.current?.session !== session) return letGo(next, session);
            if (next.ended !== null && next.session === "") giveUp(id, refusalText(next.ended.reason));
            else setView(next);
          });
          listen(session);
          return show({ session, ears: voice && canTalk() ? new Ears(session) : null });
        },
        () => giveUp(id, "This session could not be opened. Try again."),
      );
    },
    [close, giveUp, letGo, show, tell, ticketsFor, voice],
  );
  return { opened, view, open, close };
}
