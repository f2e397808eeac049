import { describe, expect, test } from "vitest";
import type { DownAttached } from "../src/client/aliases";
import { Link, type Effect } from "../src/client/link";
import { Outbox } from "../src/client/outbox";
import { freshSaved } from "../src/client/saved";
import { readEnvelope } from "../src/client/wire";
import { one } from "./vectors";

interface Up {
  name: string;
  raw: string;
  canonical: Record<string, unknown>;
}
interface Refused {
  reason: string;
  send_again: boolean;
}
interface Invalid {
  name: string;
  raw?: string;
  problem: string;
  field: string;
}

/** Of each type of envelope up, its fields as the treaty's cases have them, with the kind of their value. */
function known(): Map<string, Map<string, string>> {
  const found = new Map<string, Map<string, string>>();
  for (const { canonical } of one<Up[]>("wire/up.json")) {
    const type = String(canonical["type"]);
    const fields = found.get(type) ?? new Map<string, string>();
    for (const [field, value] of Object.entries(canonical)) fields.set(field, kindOf(value));
    found.set(type, fields);
  }
  return found;
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? "list" : typeof value;
}

const RESUME = { id: "j_1", ticket: "resume", nonce: "nonce", expires: 99 };
const ATTACHED: DownAttached = {
  ...{ type: "attached", v: 1, session: "s_1", tenant: "main", participant: "p_1", attachment: "a_1", node: "n1" },
  ...{ connection: "c_1", position: "", level: "buffered", producer: { epoch: 1, last: 0 }, beat_ms: 1_000, resume: RESUME, snapshot: {} },
};

/** Everything that a link says in a life: it comes, asks, is doubted, goes, comes back, and ends. */
function life(): Record<string, unknown>[] {
  const said: Effect[] = [];
  const key = { kty: "EC", crv: "P-256", x: "x", y: "y" };
  const link = new Link(freshSaved("w_1"), { device: "phone", takes: ["text"], gives: ["audio"], key, require: "buffered", random: () => 0 });
  const come = (): void => {
    said.push(...link.opened(0), ...link.received(ATTACHED, 0), ...link.signed(RESUME, "proof"));
  };
  link.start(0);
  said.push(...link.ticketed("access", 0));
  come();
  said.push(...link.put([{ type: "post_message", message: "m_1", parts: [{ text: "hello" }] }], 0).effects);
  said.push(...link.nudge(0), ...link.closed(0));
  come();
  said.push(...link.detach());
  return said.flatMap((effect) => (effect.do === "send" ? [JSON.parse(effect.text) as Record<string, unknown>] : []));
}

describe("what a link says is what the treaty's cases say", () => {
  const envelopes = life();

  test("it says all that a page needs to come, speak, come back and go", () => {
    expect(new Set(envelopes.map(({ type }) => type))).toEqual(new Set(["attach", "resume", "do", "ping", "kept", "detach"]));
  });

  test.each(envelopes.map((envelope) => ({ type: String(envelope["type"]), envelope })))("$type has no field but theirs", ({ type, envelope }) => {
    const fields = known().get(type);
    for (const [field, value] of Object.entries(envelope)) expect([field, fields?.get(field)]).toEqual([field, kindOf(value)]);
  });

  test.each(one<Up[]>("wire/up.json"))("$name is an envelope to this client, too", ({ raw, canonical }) => {
    expect(readEnvelope(raw)).toMatchObject(canonical);
  });
});

describe("what becomes of a batch that is refused", () => {
  test.each(one<Refused[]>("refusals.json"))("$reason", ({ reason, send_again }) => {
    const outbox = new Outbox();
    const [first, second] = [outbox.put("x"), outbox.put("y")];
    expect(outbox.take(0)).toEqual([first, second]);
    const settled = outbox.refused(2, { reason, expected: 1, retry_after_ms: 100 }, 0);
    expect(settled).toEqual(send_again ? null : second);
    const again = outbox.take(1_000).map(({ seq }) => seq);
    expect(again.includes(2)).toBe(send_again);
    expect(again.includes(1)).toBe(reason === "sequence_gap");
  });
});

describe("what has no type is no envelope", () => {
  const untyped = one<Invalid[]>("wire/invalid.json").filter(({ problem, field, raw }) => {
    if (problem !== "malformed" || raw === undefined) return false;
    const value = JSON.parse(raw) as unknown;
    return field === "type" || typeof value !== "object" || value === null || !("type" in value);
  });
  test("there are such cases", () => expect(untyped.length).toBeGreaterThan(3));
  test.each(untyped)("$name", ({ raw = "" }) => {
    expect(readEnvelope(raw)).toBeNull();
  });
});
