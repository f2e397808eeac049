/** Who is here, and how the connection is. Reconnection is a quiet mark, never a modal. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { View } from "../client";

const WORDS: Record<View["phase"], string> = {
  idle: "starting",
  opening: "connecting",
  greeting: "connecting",
  live: "connected",
  waiting: "reconnecting",
  ended: "ended",
};

function agents(view: View): string {
  const words = Object.values(view.state.participants)
    .filter((one) => one.role === "agent" && !one.left)
    .map((one) => {
      const doing = one.fault !== "" ? one.fault : one.activity === "tool" && one.text !== "" ? one.text : one.activity;
      return `${one.name === "" ? one.id.replace(/^agent:/, "") : one.name} · ${doing}`;
    });
  return words.length === 0 ? "no agent yet" : words.join(", ");
}

function nextTheme(): void {
  const root = document.documentElement;
  const dark = root.dataset["theme"] ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  root.dataset["theme"] = dark === "dark" ? "light" : "dark";
}

export function Header({ view, share }: { view: View; share: string }): JSX.Element {
  const [shown, setShown] = useState(false);
  return (
    <header class="top">
      <h1>Legato</h1>
      <span class="quiet agent-line">{agents(view)}</span>
      <span class={`connection ${view.phase}`} role="status">
        <span class="dot" aria-hidden="true" />
        {WORDS[view.phase]}
        {view.latency !== null && view.phase === "live" ? ` · ${view.latency} ms` : ""}
      </span>
      <button class="small" onClick={nextTheme} aria-label="Switch between light and dark">
        ◐
      </button>
      {share !== "" && (
        <button class="small" onClick={() => setShown(!shown)} aria-expanded={shown} aria-label="Open on a phone">
          ⇄
        </button>
      )}
      {shown && (
        <div class="share" role="dialog" aria-label="Open on a phone">
          <img src={`/demo/qr.svg${location.hash.replace("#", "?session=")}`} alt={`QR code of ${share}`} width="200" height="200" />
          <a href={`${share}${location.hash}`}>{share}</a>
        </div>
      )}
    </header>
  );
}
