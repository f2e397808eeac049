/** Buttons that break things, and the measured milliseconds until all was back. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Session, View } from "../client";
import { kill } from "./hub";

interface Result {
  what: string;
  ms: number;
  lost: number;
  doubled: number;
}

const REMEMBER = "legato:reload";

/** Counts what this page delivered: a hole in offsets is a loss, a repeat a doubling. */
function useCount(session: Session): { current: { last: number; lost: number; doubled: number } } {
  const count = useRef({ last: session.view.state.offset, lost: 0, doubled: 0 });
  useEffect(
    () =>
      session.onEvents((events) => {
        for (const event of events) {
          const offset = event.offset ?? 0;
          if (offset <= count.current.last) count.current.doubled += 1;
          count.current.last = Math.max(count.current.last, offset);
        }
      }),
    [session],
  );
  return count;
}

export function Breaks({ session, view }: { session: Session; view: View }): JSX.Element {
  const [result, setResult] = useState<Result | null>(null);
  const [broken, setBroken] = useState("");
  const count = useCount(session);
  const doing = useRef("");
  useEffect(
    () =>
      session.onComeback(({ ms }) => {
        if (doing.current === "") return;
        setResult({ what: doing.current, ms, lost: count.current.lost, doubled: count.current.doubled });
        doing.current = "";
        setBroken("");
      }),
    [session],
  );
  useEffect(() => {
    const started = sessionStorage.getItem(REMEMBER);
    if (started === null || view.phase !== "live") return;
    sessionStorage.removeItem(REMEMBER);
    setResult({ what: "reload", ms: performance.timeOrigin + performance.now() - Number(started), lost: 0, doubled: 0 });
  }, [view.phase]);
  const act = (what: string, how: () => void | Promise<void>) => (): void => {
    doing.current = what;
    setBroken(what);
    void Promise.resolve(how()).catch(() => undefined);
  };
  const reload = (): void => {
    sessionStorage.setItem(REMEMBER, String(performance.timeOrigin + performance.now()));
    location.reload();
  };
  return (
    <section class="breaks" aria-label="Break it">
      <span class="quiet">break it</span>
      <button class="small" onClick={act("cut network", () => session.cut())}>cut network</button>
      <button class="small" onClick={reload}>reload</button>
      <button class="small" onClick={() => window.open(location.href, "_blank")}>second window</button>
      <button class="small" onClick={act("kill agent", () => kill("agent"))}>kill agent</button>
      <button class="small" onClick={act("kill hub", () => kill("hub"))}>kill hub</button>
      <output class="quiet" data-result={result?.what ?? ""} data-ms={result?.ms ?? ""}>
        {broken !== "" ? `${broken} …` : result === null ? "" : `${result.what}: back in ${Math.round(result.ms)} ms, lost ${result.lost}, doubled ${result.doubled}`}
      </output>
    </section>
  );
}
