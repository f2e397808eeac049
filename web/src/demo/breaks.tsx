/** Buttons that break things, and the measured milliseconds until all was back. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Session, View } from "../client";
import { Tally } from "../client/tally";
import { kill } from "./hub";
import { ofTab } from "./memory";
import { milliseconds } from "./notes";

interface Result {
  readonly what: string;
  readonly ms: number;
}

const REMEMBERED = "legato:reload";
const OUTAGE_MS = 1_500;

/** Counts what this page was given, apart from the fold. */
function useTally(session: Session): Tally {
  const tally = useMemo(() => new Tally(), [session]);
  useEffect(() => {
    tally.reset(session.view.state);
    return session.onEvents((events) => (events.length === 0 ? queueMicrotask(() => tally.reset(session.view.state)) : tally.count(events)));
  }, [session, tally]);
  return tally;
}

export function Breaks({ session, view, kills }: { session: Session; view: View; kills: boolean }): JSX.Element {
  const tally = useTally(session);
  const [result, setResult] = useState<Result | null>(null);
  const [doing, setDoing] = useState("");
  const started = useRef({ what: "", at: 0 });
  const done = (what: string, ms: number): void => {
    started.current = { what: "", at: 0 };
    setDoing("");
    setResult({ what, ms });
  };
  useEffect(() => {
    const stops = [
      session.onComeback(({ ms }) => {
        const { what } = started.current;
        if (what !== "" && what !== "kill agent") done(what, ms);
      }),
      session.onEvents((events) => {
        const { what, at } = started.current;
        const back = events.some((event) => event.type === "agent_reachable" || event.type === "right_granted");
        if (what === "kill agent" && back) done(what, performance.now() - at);
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }, [session]);
  useEffect(() => {
    const at = ofTab?.getItem(REMEMBERED) ?? null;
    if (at === null || view.phase !== "live") return;
    ofTab?.removeItem(REMEMBERED);
    done("reload", performance.timeOrigin + performance.now() - Number(at));
  }, [view.phase]);
  const act = (what: string, how: () => void | Promise<void>) => (): void => {
    started.current = { what, at: performance.now() };
    setDoing(what);
    Promise.resolve(how()).catch(() => {
      // The hub may die before it answers; any other refusal shows as nothing coming back.
    });
  };
  const reload = (): void => {
    ofTab?.setItem(REMEMBERED, String(performance.timeOrigin + performance.now()));
    location.reload();
  };
  return (
    <section class="breaks" aria-label="Break it">
      <div class="row">
        <span class="quiet">break it</span>
        {kills && <button type="button" class="small" onClick={act("kill hub", () => kill("hub"))}>kill hub</button>}
        {kills && <button type="button" class="small" onClick={act("kill agent", () => kill("agent"))}>kill agent</button>}
        <button type="button" class="small" onClick={act("cut network", () => session.cut(OUTAGE_MS))}>cut network</button>
        <button type="button" class="small" onClick={reload}>reload</button>
        <button type="button" class="small" onClick={() => window.open(location.href, "_blank", "popup,width=480,height=760")}>second device</button>
        {kills && <button type="button" class="small" onClick={() => window.open(`${location.pathname}?as=operator${location.hash}`, "_blank", "popup,width=480,height=760")}>an operator</button>}
      </div>
      <output class="result" data-result={result?.what ?? ""} data-ms={result === null ? "" : Math.round(result.ms)} data-lost={tally.lost} data-doubled={tally.doubled}>
        {doing !== "" ? `${doing} …` : result === null ? "Everything that breaks is measured here." : `${result.what}: back in ${milliseconds(result.ms)}, lost ${tally.lost}, doubled ${tally.doubled}`}
      </output>
    </section>
  );
}
