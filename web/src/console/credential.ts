/**
 * Who opens the console of a hub brings a ticket, in the fragment of its address: no server is sent it, and it does not
 * stay there. It is kept for this tab.
 */
import { ofTab } from "../demo/memory";

export interface Credential {
  readonly ticket: string;
  readonly participant: string;
  readonly name: string;
  readonly role: "operator" | "supervisor";
}

const KEPT = "legato:console:ticket";

/** The ticket that this tab was opened with; null if there was none, or it is for nobody who may be here. */
export function brought(): Credential | null {
  const given = new URLSearchParams(location.hash.slice(1)).get("ticket");
  if (given !== null) {
    ofTab?.setItem(KEPT, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return read(given ?? ofTab?.getItem(KEPT) ?? "");
}

/** What the ticket says of its holder. Whether it is good the hub knows. */
export function read(ticket: string): Credential | null {
  try {
    const body = (ticket.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const bytes = Uint8Array.from(atob(body), (one) => one.charCodeAt(0));
    const { sub, nam, rol } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    if (typeof sub !== "string" || (rol !== "operator" && rol !== "supervisor")) return null;
    return { ticket, participant: sub, name: typeof nam === "string" && nam !== "" ? nam : rol, role: rol };
  } catch {
    return null;
  }
}
