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
import { Hub, Refused, type Operator, type Row } from "./hub";
import { ALL, Filters, passes } from "./filter";
import { Keys } from "./keys";
import { Queue } from "./lists";
import { useOpen } from "./opening";
import { Operators } from "./operators";

const LOOK_MS = 1_000;
const WANTED = "The console wants a ticket of an operator or supervisor, for all sessions: whoever runs the hub makes one by “legato ticket --role operator --name …”. Open this page with #ticket= and the ticket behind its address.";
/** Why one may not come in, and will not by waiting. */
const FORBIDDEN: Readonly<Record<string, string>> = {
  not_allowed: "Only this machine may open the demo's console, and of others who has the capability to list sessions.",
  ticket_refused: `This ticket is not good, or not any more. ${WANTED}`,
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
  const [{ queue, board, more, helpers, at, stale }, look] = useSeen(hub, me, pages);
  const { opened, view, open, close } = useOpen(hub, me?.voice ?? false);
  const [trouble, setTrouble] = useState("");
  const [filter, setFilter] = useState(ALL);
  const waiting = useMemo(() => queue.filter((row) => passes(row, filter)), [queue, filter]);
  const goingOn = useMemo(() => board.filter((row) => passes(row, filter)), [board, filter]);
  const all = useMemo(() => [...queue, ...board], [queue, board]);
  const mine = me?.participant ?? "";

  /** What is kept for oneself, or keep the next of those that are shown, and open it; of two who want it the other gets the one after. */
  const next = useCallback(async (): Promise<void> => {
    setTrouble("");
    const own = (row: Row): boolean => mine !== "" && row.waiting?.reserved_for === mine;
    for (const row of [...waiting.filter(own), ...waiting.filter((row) => !own(row))]) {
      const asked = row.waiting;
      if (asked === null || (asked.reserved_for !== "" && asked.reserved_for !== mine) || asked.passed.includes(mine)) continue;
      try {
        if (asked.reserved_for === "") await hub.do(row.session, [{ type: "reserve_session", request: asked.request }]);
        open(row.session);
        return look();
      } catch (failure) {
        if (!(failure instanceof Refused)) return setTrouble("The hub cannot be reached.");
      }
    }
    setTrouble("Nobody is left to take.");
  }, [hub, look, mine, open, waiting]);

  if (me === null) return <main class="opening" role="status"><p>{problem === "" ? "Opening the console…" : problem}</p></main>;
  const current = view?.session ?? "";
  return (
    <div class={`console ${opened === null ? "" : "open"}`}>
      <nav class="left" aria-label="Sessions">
        <header class="left-top">
          <h1><Mark /> Legato</h1>
          <span class="quiet">{me.name.toLowerCase() === me.role ? me.name : `${me.name}, ${me.role}`}</span>
          <Keys />
          {stale && <span class="warn" role="status">not up to date</span>}
        </header>
        {trouble !== "" && <p class="bad" role="alert">{trouble}</p>}
        <Filters rows={all} filter={filter} onFilter={setFilter} />
        <Queue rows={waiting} current={current} me={mine} onOpen={open} onNext={() => void next()} />
        <Board rows={goingOn} current={current} me={mine} onOpen={open} onMore={more ? () => setPages(pages + 1) : null} />
        {me.role === "supervisor" && <Operators helpers={{ ...helpers, now: helpers.now + performance.now() - at }} me={mine} current={current} onOpen={open} />}
      </nav>
      {opened !== null && view !== null && view.session !== "" ? (
        <Desk hub={hub} session={opened.session} view={view} ears={opened.ears} voiceless={me.voice ? "This browser has no voice: you read and write." : "This hub has no voice: you read and write."} onClose={close} key={view.session} />
      ) : (
        <main class="nothing quiet" aria-label="Session">
          <p>Open a session, or take the next with <kbd>n</kbd>.</p>
        </main>
      )}
    </div>
  );
}
