import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { CallTicket } from "../src/client/requests";
import { answerFor, ask, candidatesOf, factsOf } from "../src/voice/answer";
import { one } from "./vectors";

interface Vector {
  readonly name: string;
  readonly offer: string;
  readonly ask: { readonly payload_type: number; readonly level_extension: number };
  readonly ticket: CallTicket;
  readonly answer: readonly string[];
  readonly candidates: readonly string[];
}

const OFFERS = join(import.meta.dirname, "..", "..", "tests", "vectors", "offers");

for (const vector of one<Vector[]>("calls/answers.json")) {
  const offer = readFileSync(join(OFFERS, vector.offer), "utf8");

  test(`the page writes the hub's answer to ${vector.name} as the hub does`, () => {
    expect(answerFor(factsOf(offer), vector.ticket).split("\r\n")).toEqual([...vector.answer, ""]);
    expect(candidatesOf(vector.ticket)).toEqual(vector.candidates);
  });

  test(`a ticket for ${vector.name} is asked for with what the offer says`, () => {
    expect(ask(factsOf(offer), "AB")).toEqual({ fingerprint: "AB", ...vector.ask });
  });
}
