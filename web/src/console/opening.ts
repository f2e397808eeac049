/** The session that is open here. One that is answered here stays joined while another is looked at: who detaches hands back. */
import { useCallback, useRef, useState } from "preact/hooks";
import { join, type Session, type View } from "../client";
import { of } from "../client/state";
import { Ears } from "./ears";
import type { Hub } from "./hub";

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

export function useOpen(hub: Hub, voice: boolean): Opening {
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
    const { session, state, participant } = left.session.view;
    if (state.responder === participant) answered.current.set(session, left);
    else void left.session.detach();
  }, [show]);
  const open = useCallback(
    (id: string): void => {
      if (wanted.current === id) return;
      close();
      wanted.current = id;
      const known = answered.current.get(id);
      if (known !== undefined) {
        answered.current.delete(id);
        return show(known);
      }
      void join({ session: `console:${id}`, device: "console", getTicket: () => hub.ticketFor(id) }).then((session) => {
        if (wanted.current !== id) return session.detach();
        session.onChange((next) => {
          if (current.current?.session === session) setView(next);
        });
        listen(session);
        return show({ session, ears: voice && canTalk() ? new Ears(session) : null });
      });
    },
    [close, hub, show, voice],
  );
  return { opened, view, open, close };
}
