/** The operator console: the queue and the board on the left, the open session beside it. */
import type { JSX } from "preact";
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { randomId } from "../client/keep";
import { Mark } from "../demo/icons";
import { remembered } from "../demo/memory";
import { Board } from "./board";
import { brought } from "./credential";
import { Desk } from "./desk";
import { Feed, NOTHING, type Seen } from "./feed";
import { Hub, Refused, type Operator } from "./hub";
import { ALL, Filters, passes } from "./filter";
import { Keys } from "./keys";
import { Queue } from "./lists";
import { useOpen } from "./opening";
import { Operators } from "./operators";
import { takeable } from "./taking";
import { isTaken, TICKET_REFUSED, troubleOf, WANTED } from "./trouble";

const LOOK_MS = 1_000;
/** Why one may not come in, and will not by waiting. */
const FORBIDDEN: Readonly<Record<string, string>> = {
  not_allowed: "Only this machine may open the demo's console, and of others who has the capability to list sessions.",
  ticket_refused: TICKET_REFUSED,
  not_found: WANTED,
  method_not_allowed: WANTED,
};

function useHub(): { readonly hub: Hub; readonly me: Operator | null; readonly problem: string } {
  const asked = useMemo(() => new URLSearchParams(location.search), []);
  const hub = useMemo(() => {
    const role = asked.get("role") === "supervisor" ? "supervisor" : "operator";
    const name = asked.get("name") ?? (role === "operator" ? "Operator" : "Supervisor");
    return new Hub(remembered(`legato:console:${role}`, () => randomId("p")), role, name, brought());
  }, [asked]);
  const [me, setMe] = useState<Operator | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const enter = (): void =>
      void hub.enter().then(setMe, (failure: unknown) => {
        const forbidden = failure instanceof Refused ? FORBIDDEN[failure.reason] : undefined;
        setProblem(forbidden ?? "The hub cannot be reached. Trying again…");
        if (forbidden === undefined) timer = setTimeout(enter, LOOK_MS);
      });
    enter();
    return () => clearTimeout(timer);
  }, [hub]);
  return { hub, me, problem };
}

/** Queue and board, and for a supervisor who helps, as they change; `look` asks at once. Waiting times go on each second. */
function useSeen(hub: Hub, me: Operator | null, pages: number): readonly [Seen, () => void] {
  const [seen, setSeen] = useState<Seen>(NOTHING);
  const [, setTick] = useState(0);
  const on = me !== null;
  const supervises = me?.role === "supervisor";
  const feed = useMemo(() => new Feed(hub, pages, supervises, (change) => setSeen((known) => ({ ...known, ...change }))), [hub, pages, supervises]);
  useEffect(() => {
    if (!on) return undefined;
    const timer = setInterval(() => setTick((tick) => tick + 1), LOOK_MS);
    void feed.run();
    return () => {
      clearInterval(timer);
      feed.stop();
    };
  }, [on, feed]);
  return [seen, useCallback(() => void feed.look(), [feed])];
}

export function App(): JSX.Element {
  const { hub, me, problem } = useHub();
  const [pages, setPages] = useState(1);
  const [{ queue, board, more, helpers, at, stale, barred }, look] = useSeen(hub, me, pages);
  const [trouble, setTrouble] = useState("");
  const { opened, view, open, close } = useOpen(hub, me?.voice ?? false, setTrouble);
  const [filter, setFilter] = useState(ALL);
  const waiting = useMemo(() => queue.filter((row) => passes(row, filter)), [queue, filter]);
  const goingOn = useMemo(() => board.filter((row) => passes(row, filter)), [board, filter]);
  const all = useMemo(() => [...queue, ...board], [queue, board]);
  const mine = me?.participant ?? "";

  /** What is kept for oneself, or keep the next of those that are shown, and open it; of two who want it the other gets the one after. */
  const next = useCallback(async (): Promise<void> => {
    setTrouble("");
    for (const { session, waiting: asked } of takeable(waiting, mine)) {
      try {
        if (asked?.reserved_for === "") await hub.do(session, [{ type: "reserve_session", request: asked.request }]);
        open(session);
        return look();
      } catch (failure) {
        if (!isTaken(failure)) return setTrouble(troubleOf(failure));
      }
    }
    setTrouble("Nobody is left to take.");
  }, [hub, look, mine, open, waiting]);

  if (me === null) return <main class="opening" role="status"><p>{problem === "" ? "Opening the console…" : problem}</p></main>;
  const current = view?.session ?? "";
  const told = trouble === "" && barred ? TICKET_REFUSED : trouble;
  return (
    <div class={`console ${current === "" ? "" : "open"}`}>
      <nav class="left" aria-label="Sessions">
        <header class="left-top">
          <h1><Mark /> Legato</h1>
          <span class="quiet">{me.name.toLowerCase() === me.role ? me.name : `${me.name}, ${me.role}`}</span>
          <Keys />
          {stale && <span class="warn" role="status">not up to date</span>}
        </header>
        {told !== "" && <p class="bad" role="alert">{told}</p>}
        <Filters rows={all} filter={filter} onFilter={setFilter} />
        <Queue rows={waiting} current={current} me={mine} onOpen={open} onNext={() => void next()} />
        <Board rows={goingOn} current={current} me={mine} onOpen={open} onMore={more ? () => setPages(pages + 1) : null} />
        {me.role === "supervisor" && <Operators helpers={{ ...helpers, now: helpers.now + performance.now() - at }} me={mine} current={current} onOpen={open} />}
      </nav>
      {opened !== null && view !== null && current !== "" ? (
        <Desk hub={hub} session={opened.session} view={view} ears={opened.ears} voiceless={me.voice ? "This browser has no voice: you read and write." : "This hub has no voice: you read and write."} onClose={close} key={view.session} />
      ) : (
        <main class="nothing quiet" aria-label="Session">
          {opened === null ? <p>Open a session, or take the next with <kbd>n</kbd>.</p> : <p>Opening the session…</p>}
        </main>
      )}
    </div>
  );
}
