import { expect, test } from "vitest";
import type { CallTicket } from "../src/client/requests";
import { usable } from "../src/voice/purse";

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
