import { render } from "preact";
import "../design/tokens.css";
import "./demo.css";
import { App } from "./app";
import { begin } from "./opening";

begin();

/** The script may be there before the page is. */
function draw(): void {
  const root = document.getElementById("app");
  if (root !== null) render(<App />, root);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", draw, { once: true });
else draw();
