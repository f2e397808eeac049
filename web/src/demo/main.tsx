import { render } from "preact";
import { App } from "./app";
import { comeIn } from "./opening";

comeIn();

/** The script may be there before the page is. */
function draw(): void {
  const root = document.getElementById("app");
  if (root !== null) render(<App />, root);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", draw, { once: true });
else draw();
