/** Light, dark, or as the system prefers; `public/assets/theme.js` puts it back before the first paint. */
import { ofBrowser } from "./memory";

export type Theme = "auto" | "light" | "dark";
const NEXT: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };

export function theme(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  return chosen === "light" || chosen === "dark" ? chosen : "auto";
}

export function nextTheme(): Theme {
  const next = NEXT[theme()];
  if (next === "auto") {
    delete document.documentElement.dataset["theme"];
    ofBrowser()?.removeItem("legato:theme");
  } else {
    document.documentElement.dataset["theme"] = next;
    ofBrowser()?.setItem("legato:theme", next);
  }
  return next;
}
