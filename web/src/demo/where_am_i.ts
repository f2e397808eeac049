/** The tool that this page runs for the demo's agent, once its person allowed it: what the browser says of where it is. */
export function whereAmI(): Readonly<Record<string, string>> {
  return { time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone, language: navigator.language };
}
