/** What this browser remembers between visits; null where it is told to keep nothing. */

function storage(which: "localStorage" | "sessionStorage"): Storage | null {
  try {
    return globalThis[which];
  } catch {
    return null;
  }
}

export const ofTab = storage("sessionStorage");

/** Asked for when it is needed: the page's thread waits some milliseconds for the first look into it. */
export function ofBrowser(): Storage | null {
  return storage("localStorage");
}

/** What is remembered as `name`, made once if nothing is. */
export function remembered(name: string, make: () => string): string {
  const known = ofBrowser()?.getItem(name);
  if (known !== null && known !== undefined) return known;
  const fresh = make();
  ofBrowser()?.setItem(name, fresh);
  return fresh;
}
