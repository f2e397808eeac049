import { describe, expect, test } from "vitest";
import { Link } from "../src/client/link";
import { freshSaved } from "../src/client/saved";
import { readEnvelope } from "../src/client/wire";
import { one } from "./vectors";

interface Valid {
  name: string;
  raw: string;
  canonical?: Record<string, unknown>;
}
interface Invalid {
  name: string;
  raw: string;
  problem: string;
}

/** A link that greeted: the next envelope decides. */
function greeted(): Link {
  const link = new Link(freshSaved("w_1"), { device: "", takes: ["text"], gives: ["text"], key: null, random: () => 0 });
  link.start(0);
  link.ticketed("access", 0);
  link.opened(0);
  return link;
}

describe("every envelope that a hub sends is read, and breaks nothing", () => {
  test.each(one<Valid[]>("wire/down.json"))("$name", ({ raw, canonical }) => {
    const envelope = readEnvelope(raw);
    if (canonical !== undefined) expect(envelope).toMatchObject(canonical);
    if (envelope === null) throw new Error("not read");
    expect(Array.isArray(greeted().received(envelope, 1))).toBe(true);
  });
});

describe("what is no JSON is no envelope", () => {
  const broken = one<Invalid[]>("wire/invalid.json").filter(({ problem }) => problem === "syntax");
  test.each(broken)("$name", ({ raw }) => {
    expect(readEnvelope(raw)).toBeNull();
  });
});
