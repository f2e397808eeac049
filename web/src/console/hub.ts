/** What the console asks of the hub by HTTP: who is in the queue, what goes on, a ticket for each session. */
import type { Command } from "../client";
import type { Credential } from "./credential";

export interface Waiting {
  readonly request: string;
  readonly reason: string;
  readonly skill: string;
  readonly priority: number;
  readonly since: number;
  readonly reserved_for: string;
  readonly passed: readonly string[];
}

export interface Row {
  readonly session: string;
  readonly title: string;
  /** As its maker says it, by rights a tag such as `de`; "": nobody said. */
  readonly language: string;
  readonly now: number;
  readonly users: readonly string[];
  readonly here: boolean;
  readonly voice: boolean;
  readonly responder: string;
  readonly responder_name: string;
  readonly by_person: boolean;
  readonly held: boolean;
  readonly turns: number;
  readonly wrap_ups: readonly string[];
  readonly waiting: Waiting | null;
  readonly approvals: readonly Approval[];
}

/** A tool call that waits since `since` (session time) for somebody of the role `asks`. */
export interface Approval {
  readonly call: string;
  readonly name: string;
  readonly asks: string;
  readonly since: number;
}

/** Somebody who helps: doing what, since when, in which session (""; in none) and in how many `more`. */
export interface Helper {
  readonly participant: string;
  readonly name: string;
  readonly role: string;
  readonly state: "answering" | "reserved" | "wrap_up" | "listening" | "available" | "away";
  readonly since: number;
  readonly here: boolean;
  readonly session: string;
  readonly users: readonly string[];
  readonly more: number;
}

/** What was left for the record in a session, and what was promised. */
export interface Before {
  readonly session: string;
  readonly title: string;
  readonly noted: readonly { readonly by: string; readonly name: string; readonly time: number; readonly disposition: string; readonly notes: string }[];
  readonly helped: readonly { readonly name: string; readonly until: number; readonly promises: readonly string[] }[];
}

export interface Helpers {
  readonly now: number;
  readonly operators: readonly Helper[];
}

/** What changed of queue, board and (for supervisors) who helps. */
export interface News {
  readonly queue?: { readonly sessions: readonly Row[] };
  readonly board?: { readonly sessions: readonly Row[]; readonly next?: string };
  readonly operators?: Helpers;
}

export interface Operator {
  readonly ticket: string;
  readonly participant: string;
  readonly name: string;
  readonly role: "operator" | "supervisor";
  readonly voice: boolean;
}

/** Why the hub did not do it; `detail` says it to a person, `field` of what. */
export class Refused extends Error {
  override readonly name = "Refused";
  constructor(
    readonly reason: string,
    detail: string,
    readonly field = "",
  ) {
    super(detail === "" ? reason : detail);
  }
}

const TIMEOUT_MS = 5_000;
/** Access tickets live ten minutes. */
const TICKET_MS = 8 * 60_000;

export class Hub {
  private ticket = "";
  private at = -TICKET_MS;
  private sequence = 0;
  private readonly producer = `console-${crypto.randomUUID().slice(0, 8)}`;

  /** With a ticket that was brought, or (null) as whom the demo takes one for. */
  constructor(
    private readonly participant: string,
    private readonly role: Operator["role"],
    private readonly name: string,
    private readonly credential: Credential | null = null,
  ) {}

  /** Come in, or come in again. */
  async enter(): Promise<Operator> {
    if (this.credential !== null) {
      this.ticket = this.credential.ticket;
      this.at = performance.now();
      await this.queue(); // whether it is good
      return { ...this.credential, voice: true };
    }
    const operator = (await this.ask("POST", "/demo/operator", { participant: this.participant, role: this.role, name: this.name }, "")) as Operator;
    this.ticket = operator.ticket;
    this.at = performance.now();
    return operator;
  }

  async queue(): Promise<readonly Row[]> {
    return ((await this.ask("GET", "/v1/queue?limit=200")) as { sessions: Row[] }).sessions;
  }

  /** So many pages of what goes on, newest activity first, and whether there is more. */
  async board(pages: number): Promise<{ readonly rows: readonly Row[]; readonly more: boolean }> {
    const rows = new Map<string, Row>(); // one that moves between two pages is seen twice
    let before = "0";
    for (let page = 0; page === 0 || (page < pages && before !== ""); page += 1) {
      const found = (await this.ask("GET", `/v1/board?limit=200&before=${before}`)) as { sessions: Row[]; next: string };
      for (const row of found.sessions) rows.set(row.session, row);
      before = found.next;
    }
    return { rows: [...rows.values()], more: before !== "" };
  }

  /** What changes of all that, as `text/event-stream`; of so many pages of the board. */
  async feed(pages: number, signal: AbortSignal): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    if (this.isOld) await this.enter();
    const answer = await fetch(`/v1/feed?pages=${pages}`, { headers: { authorization: `Bearer ${this.ticket}` }, credentials: "omit", signal });
    if (!answer.ok || answer.body === null) throw new Refused(String(answer.status), "");
    return answer.body.getReader();
  }

  /** What was left for the record in this session and in others of its users. */
  async earlier(session: string): Promise<readonly Before[]> {
    return ((await this.ask("GET", `/v1/earlier?session=${encodeURIComponent(session)}`)) as { sessions: Before[] }).sessions;
  }

  /** Who helps; for supervisors. */
  async helpers(): Promise<Helpers> {
    return (await this.ask("GET", "/v1/operators")) as Helpers;
  }

  /** A ticket for one session. */
  async ticketFor(session: string): Promise<string> {
    return ((await this.ask("POST", "/v1/tickets", { session })) as { ticket: string }).ticket;
  }

  /** Do one batch in a session that is not open here. */
  async do(session: string, commands: readonly Command[]): Promise<void> {
    this.sequence += 1;
    const body = { producer: `${this.producer}-${this.sequence}`, seq: 1, commands };
    await this.ask("POST", `/v1/sessions/${encodeURIComponent(session)}/commands`, body);
  }

  /** The ticket does not live for long any more. */
  private get isOld(): boolean {
    return performance.now() - this.at > TICKET_MS;
  }

  private async ask(method: string, path: string, body?: unknown, credential?: string): Promise<unknown> {
    if (credential === undefined && this.isOld) await this.enter();
    const bearer = credential ?? this.ticket;
    const answer = await fetch(path, {
      method,
      headers: { ...(bearer === "" ? {} : { authorization: `Bearer ${bearer}` }), ...(body === undefined ? {} : { "content-type": "application/json" }) },
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "omit",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (answer.ok) return answer.json();
    const { error } = (await answer.json().catch(() => ({}))) as { error?: { reason?: string; detail?: string; field?: string } };
    throw new Refused(error?.reason ?? String(answer.status), error?.detail ?? "", error?.field ?? "");
  }
}
