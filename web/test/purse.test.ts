import { afterEach, expect, test, vi } from "vitest";
import type { CallTicket } from "../src/client/requests";
import { carriedPurse, keepPurse, usable, type Kept } from "../src/voice/purse";

const TICKET: CallTicket = {
  ufrag: "now",
  password: "p",
  fingerprint: "AB",
  ssrc: 7,
  candidates: [{ host: "198.51.100.1", port: 7071, transport: "udp" }],
  expires: 1_000,
  next: { ufrag: "later", password: "q", fingerprint: "CD", expires: 2_000 },
};
const MINUTE = 60;

test("a ticket is used until a minute before it expires", () => {
  expect(usable(TICKET, (1_000 - MINUTE) * 1000 - 1)).toBe(TICKET);
});

test("then what follows takes its place, with the hosts and the source that it had", () => {
  const { next, ...rest } = TICKET;
  expect(usable(TICKET, (1_000 - MINUTE) * 1000)).toEqual({ ...rest, ...next });
});

test("past both, and of a hub that gives none, there is none", () => {
  expect(usable(TICKET, (2_000 - MINUTE) * 1000)).toBeNull();
  const { next: _, ...old } = TICKET;
  expect(usable(old, 1_000_000)).toBeNull();
  expect(usable(null, 0)).toBeNull();
});

const DAY_MS = 24 * 3_600_000;

/** A tab's entry in its history, in this state. */
function entry(state: unknown): { state: unknown; replaceState: (next: unknown) => void } {
  const history = { state, replaceState: (next: unknown) => void (history.state = next) };
  vi.stubGlobal("history", history);
  return history;
}

function keptFor(days: number): Kept {
  const certificate = { expires: Date.now() + days * DAY_MS, getFingerprints: () => [] } as unknown as RTCCertificate;
  return { certificate, ticket: { ...TICKET, expires: Date.now() / 1000 + 3_600 }, node: "n_1", used: Date.now() };
}

afterEach(() => void vi.unstubAllGlobals());

test("what a tab keeps is at hand for the next page of its slot, beside what else its entry held", async () => {
  const history = entry({ place: 7 });
  const kept = keptFor(20);
  await keepPurse("w_1", kept);
  expect(carriedPurse("w_1")).toEqual(kept);
  expect(history.state).toMatchObject({ place: 7 });
});

test("a tab of another slot, as a duplicated one is, finds nothing in its copy", async () => {
  entry(null);
  await keepPurse("w_1", keptFor(20));
  expect(carriedPurse("w_2")).toBeNull();
});

test("a certificate that ends within a week is not gone on with", async () => {
  entry(null);
  await keepPurse("w_1", keptFor(6));
  expect(carriedPurse("w_1")).toBeNull();
});

test("a ticket that has expired is not at hand either", async () => {
  entry(null);
  await keepPurse("w_1", { ...keptFor(20), ticket: TICKET });
  expect(carriedPurse("w_1")).toMatchObject({ ticket: null, node: "n_1" });
});

test("an entry whose state is nothing that one can add to is left alone", async () => {
  for (const state of ["mine", [1], 7]) {
    const history = entry(state);
    await keepPurse("w_1", keptFor(20));
    expect(history.state).toBe(state);
    expect(carriedPurse("w_1")).toBeNull();
  }
});

test("a browser that writes no certificate there keeps what it has", async () => {
  const history = entry({ place: 7 });
  history.replaceState = () => {
    throw new DOMException("", "DataCloneError");
  };
  await keepPurse("w_1", keptFor(20));
  expect(carriedPurse("w_1")).toBeNull();
  expect(history.state).toEqual({ place: 7 });
});

test("a state or a certificate that the browser cannot read again is not there", () => {
  entry({ "legato-voice": { whose: "w_1", kept: { ...keptFor(20), certificate: null } } });
  expect(carriedPurse("w_1")).toBeNull();
  entry({ "legato-voice": { whose: "w_1", kept: { ...keptFor(20), certificate: {} } } });
  expect(carriedPurse("w_1")).toBeNull();
  vi.stubGlobal("history", {
    get state(): unknown {
      throw new DOMException("", "DataCloneError");
    },
  });
  expect(carriedPurse("w_1")).toBeNull();
});

test("where there is no history nothing is at hand", () => {
  expect(carriedPurse("w_1")).toBeNull();
});
