import { describe, expect, test } from "vitest";
import type { Event } from "../src/client";
import { headline, sent, stagesOf, timed, type Turns } from "../src/demo/turns";

const said = (type: string, fields: object): Event => ({ type, by: "p", offset: 0, time: 0, ...fields }) as Event;

/** Each event at a moment of its own. */
const after = (turns: Turns, ...told: readonly (readonly [number, Event])[]): Turns =>
  told.reduce((all, [now, event]) => timed(all, event, now), turns);

const answered = (turn: string, response: string, message: string, from: number): (readonly [number, Event])[] => [
  [from, said("response_started", { turn, response, parent: "" })],
  [from + 3, said("message_started", { response, message })],
  [from + 5, said("message_grown", { message })],
  [from + 9, said("message_grown", { message })],
  [from + 40, said("response_ended", { response })],
];

describe("stages of turns", () => {
  test("a typed turn is timed from its sending to its end, and stands under its answer", () => {
    const turns = after(
      sent([], ["m_1"], 1000),
      [1004, said("message_posted", { message: "m_1", turn: "t_1", response: "" })],
      ...answered("t_1", "r_1", "m_2", 1010),
    );
    expect(turns.map((turn) => [turn.answer, stagesOf(turn)])).toEqual([
      ["m_2", [{ name: "acknowledged", at: 4 }, { name: "agent took it", at: 10 }, { name: "first word", at: 15 }, { name: "end", at: 50 }]],
    ]);
    expect(headline(turns[0]!)).toEqual({ name: "first word", at: 15 });
  });

  test("every turn keeps its own, and a second answer to one changes nothing of the first", () => {
    const posted = (message: string, turn: string): Event => said("message_posted", { message, turn, response: "" });
    let turns = after(sent([], ["m_1"], 0), [1, posted("m_1", "t_1")], ...answered("t_1", "r_1", "m_a", 10));
    const first = turns[0];
    turns = after(sent(turns, ["m_2"], 500), [503, posted("m_2", "t_2")], ...answered("t_2", "r_2", "m_b", 520));
    expect(turns[0]).toBe(first);
    expect(turns.map((turn) => turn.stages["first_word"])).toEqual([15, 25]);
    expect(after(turns, [900, said("message_started", { response: "r_2", message: "m_c" })])[1]?.answer).toBe("m_b");
  });

  test("what is sent again over a broken connection is timed from the first time", () => {
    const turns = sent(sent([], ["m_1"], 100), ["m_1"], 700);
    expect(turns).toHaveLength(1);
    expect(turns[0]?.sentAt).toBe(100);
  });

  test("a spoken turn has the hub's marks, whatever this page's clock says, and stands under its answer", () => {
    const mark = (name: string, at_ms: number): readonly [number, Event] => [5000, said("turn_marked", { turn: "t_1", mark: name, at_ms })];
    const turns = after([], mark("end_of_turn", 200), mark("transcript_final", 260), ...answered("t_1", "r_1", "m_2", 5001), mark("first_word", 300), mark("heard", 420));
    expect(turns.map((turn) => turn.answer)).toEqual(["m_2"]);
    expect(stagesOf(turns[0]!).map(({ name, at }) => `${name} ${at}`)).toEqual(["end of turn 200", "transcript 260", "first word 300", "heard 420"]);
    expect(headline(turns[0]!)).toEqual({ name: "heard", at: 420 });
  });

  test("an answer that nobody asked for here, and parts of answers, are not timed", () => {
    const turns = after(
      sent([], ["m_1"], 0),
      [1, said("message_posted", { message: "m_1", turn: "t_1", response: "" })],
      [2, said("response_started", { turn: "t_1", response: "r_part", parent: "r_0" })],
      [3, said("message_posted", { message: "m_9", turn: "", response: "r_9" })],
      [4, said("message_grown", { message: "m_9" })],
    );
    expect(turns.map((turn) => [turn.answer, Object.keys(turn.stages)])).toEqual([["", ["acknowledged"]]]);
  });

  test("at most two hundred are kept, the newest", () => {
    let turns: Turns = [];
    for (let at = 0; at < 250; at++) turns = sent(turns, [`m_${at}`], at);
    expect([turns.length, turns[0]?.asked]).toEqual([200, "m_50"]);
  });
});
