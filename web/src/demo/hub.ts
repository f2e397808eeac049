/** What the demo's server offers beside the protocol: a ticket for whoever opens the page, and things to break. */

export interface Invitation {
  readonly session: string;
  readonly ticket: string;
  readonly participant: string;
  readonly voice: boolean;
  readonly breakable: boolean;
  /** The address at which a phone finds this page; "" where it would find none. */
  readonly share: string;
}

const TIMEOUT_MS = 5_000;

async function post(path: string, body: unknown): Promise<Response> {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    credentials: "omit",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer;
}

export type Part = "user" | "operator";

/** Come in: to `session`, or to a new one. The same browser stays the same participant in each part. */
export async function invite(session: string, participant: string, role: Part): Promise<Invitation> {
  return (await (await post("/demo/join", { session, participant, role })).json()) as Invitation;
}

/** A picture of the QR code of an address. It goes in a body: addresses of links hold tickets. */
export async function qrOf(address: string): Promise<Blob> {
  return (await post("/demo/qr", { address })).blob();
}

/** Kill a process of the demo; its supervisor starts it again. */
export async function kill(what: "hub" | "agent"): Promise<void> {
  await post("/demo/kill", { what });
}
