import { expect, test } from "vitest";
import { errands, type Errands } from "../src/client/errands";
import type { RawState } from "../src/client/generated";
import { cases, whole } from "./vectors";

interface Vector {
  states: Record<string, RawState>;
  cases: { state: number; attachment: string; tools: string[]; running: string[]; errands: Errands }[];
}

test.each(cases<Vector>("errands"))("what a client that runs tools has to do: $name", ({ vector }) => {
  for (const one of vector.cases) {
    const state = whole(vector.states[one.state] as RawState);
    expect(errands(state, one.attachment, one.tools, one.running), JSON.stringify(one)).toEqual(one.errands);
  }
});
