/** What the demo's server offers beside the protocol: a ticket for whoever opens the page, and things to break. */

export interface Invitation {
  session: string;
  ticket: string;
  participant: string;
  voice: boolean;
  breakable: boolean;
  share: string;
}

async function post(path: string, body: unknown): Promise<Response> {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    credentials: "omit",
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer;
}

/** Come in: to `session`, or to a new one. The same browser stays the same participant. */
export async function invite(session: string, participant: string): Promise<Invitation> {
  return (await (await post("/demo/join", { session, participant })).json()) as Invitation;
}

/** Kill a process of the demo; its supervisor starts it again. */
export async function kill(what: "hub" | "agent"): Promise<void> {
  await post("/demo/kill", { what });
}

/** The participant this browser is, made once. */
export function whoAmI(make: () => string): string {
  const known = localStorage.getItem("legato:participant");
  if (known !== null) return known;
  const fresh = make();
  localStorage.setItem("legato:participant", fresh);
  return fresh;
}
