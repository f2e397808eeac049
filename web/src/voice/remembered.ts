/** Whether this tab talked before its reload. */
const KEY = "legato:voice";

export function remember(memory: Storage | null, talks: boolean): void {
  if (talks) memory?.setItem(KEY, "on");
  else memory?.removeItem(KEY);
}

/** Whether the page talked before its reload: worth an `openEarly`. */
export function talked(memory: Storage | null): boolean {
  return memory?.getItem(KEY) === "on";
}
