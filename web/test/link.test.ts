import { describe, expect, test } from "vitest";
import type { Down, DownAttached, Event } from "../src/client/aliases";
import { commandsOf } from "../src/client/envelope";
import { Link, type Effect } from "../src/client/link";
import { freshSaved, type Saved } from "../src/client/saved";

const OPTIONS = { device: "browser", takes: ["text"], gives: ["text"], key: { kty: "EC" }, random: () => 0.5 } as const;
const RESUME = { id: "j1", ticket: "resume-ticket", nonce: "nonce", expires: 99 };

function attached(more: Partial<DownAttached> = {}, last = 0): DownAttached {
  const known = { v: 1, session: "s_1", tenant: "main", participant: "p_1", attachment: "a_1", node: "n1", connection: "c_1" };
  const given = more.events === undefined && more.snapshot === undefined ? { snapshot: {} } : {};
  return { type: "attached", ...known, position: "p0", level: "buffered", producer: { epoch: 1, last }, beat_ms: 1000, resume: RESUME, ...given, ...more };
}

function posted(offset: number): Event {
  return { type: "message_posted", by: "p_2", message: `m${offset}`, parts: [{ text: "hi" }], offset, time: offset };
}

function say(text: string): { type: "post_message"; message: string; parts: { text: string }[] } {
  return { type: "post_message", message: `m_${text}`, parts: [{ text }] };
}

const sent = (effects: readonly Effect[]): Record<string, unknown>[] =>
  effects.flatMap((effect) => (effect.do === "send" ? [JSON.parse(effect.text) as Record<string, unknown>] : []));
const dids = (effects: readonly Effect[]): Record<string, unknown>[] => sent(effects).filter((one) => one["type"] === "do");
const kinds = (effects: readonly Effect[]): string[] => effects.map((effect) => effect.do);

function live(saved: Saved = freshSaved("w_1"), envelope = attached()): Link {
  const link = new Link(saved, OPTIONS);
  if (kinds(link.start(0)).includes("ask_ticket")) link.ticketed("access", 0);
  link.opened(0);
  link.received(envelope, 0);
  link.signed(RESUME, "proof");
  return link;
}

function resumed(link: Link, now: number, envelope: DownAttached): Effect[] {
  link.closed(now);
  link.opened(now);
  return link.received(envelope, now);
}

describe("coming", () => {
  test("a fresh tab asks for a ticket and attaches", () => {
    const link = new Link(freshSaved("w_1"), OPTIONS);
    expect(link.start(0)).toEqual([{ do: "ask_ticket" }]);
    expect(link.ticketed("access", 0)).toEqual([{ do: "open" }]);
    expect(sent(link.opened(0))).toEqual([
      { type: "attach", v: 1, producer: "w_1", position: "", whole: true, ticket: "access", device: "browser", takes: ["text"], gives: ["text"], key: { kty: "EC" } },
    ]);
  });

  test("a reloaded tab resumes with what it kept, and asks for the whole state", () => {
    const link = new Link({ ...freshSaved("w_1"), position: "p7", resume: { ticket: "t", proof: "s" } }, OPTIONS);
    expect(link.start(0)).toEqual([{ do: "open" }]);
    expect(sent(link.opened(0))).toEqual([{ type: "resume", v: 1, producer: "w_1", position: "p7", whole: true, ticket: "t", proof: "s", device: "browser", takes: ["text"], gives: ["text"] }]);
  });

  test("a resume ticket is kept before the one before it is spent", () => {
    const link = live();
    const effects = link.signed(RESUME, "proof");
    expect(kinds(effects)).toEqual(["save", "send"]);
    expect(sent(effects)).toEqual([{ type: "kept", ticket: "j1" }]);
  });

  test("what a hub says late does not wait for ever", () => {
    const link = new Link(freshSaved("w_1"), OPTIONS);
    link.start(0);
    link.ticketed("access", 0);
    link.opened(100);
    expect(kinds(link.expire(5_100))).toEqual(["close", "open"]);
  });
});

describe("coming back", () => {
  test("the first way back is tried at once, with the resume ticket and the position", () => {
    const link = live();
    expect(link.closed(10)).toEqual([{ do: "close" }, { do: "open" }]);
    expect(sent(link.opened(11))).toEqual([{ type: "resume", v: 1, producer: "w_1", position: "p0", whole: false, ticket: "resume-ticket", proof: "proof", device: "browser", takes: ["text"], gives: ["text"] }]);
  });

  test("a lost connection says what it was in the midst of", () => {
    const [voice, answer] = [{ a_1: { id: "a_1", participant: "p_1", takes: ["text", "audio"] } }, { r_1: { id: "r_1", by: "p_2", at: 1 } }];
    for (const [snapshot, was] of [[{ attachments: voice, responses: answer }, "voice"], [{ responses: answer }, "streaming"], [{}, undefined]] as const) {
      const link = live(freshSaved("w_1"), { ...attached(), snapshot } as DownAttached);
      link.closed(1);
      expect(sent(link.opened(2))[0]?.["was"]).toBe(was);
    }
  });

  test("the waits between tries double and are bounded", () => {
    const link = live();
    link.closed(0);
    const waits: number[] = [];
    let now = 0;
    for (let tries = 0; tries < 9; tries += 1) {
      link.closed(now);
      const deadline = link.nextDeadline() ?? 0;
      waits.push(deadline - now);
      now = deadline;
      expect(link.expire(now)).toEqual([{ do: "open" }]);
    }
    expect(waits).toEqual([37, 75, 150, 300, 600, 1200, 1500, 1500, 1500]);
  });

  test("a network that came back ends the wait", () => {
    const link = live();
    link.closed(0);
    link.closed(0);
    expect(link.phase).toBe("waiting");
    expect(link.nudge(1)).toEqual([{ do: "open" }]);
  });

  test("after a change of network a connection that stays silent is given up soon", () => {
    const link = live();
    expect(sent(link.nudge(100))[0]?.["type"]).toBe("ping");
    expect(link.nextDeadline()).toBe(1_100);
    expect(kinds(link.expire(1_600))).toContain("close");
    expect(link.phase).toBe("opening");
  });

  test("a connection may be doubted for a shorter while, though it was doubted before, but not for less than three round trips", () => {
    const link = live();
    link.nudge(100);
    expect(link.nudge(200, 250)).toEqual([]);
    expect(link.expire(449)).toEqual([]);
    expect(link.expire(450)[0]).toEqual({ do: "close" });
    const far = live();
    far.received({ type: "pong", n: 1 }, 200);
    far.nudge(1_000, 250);
    expect(far.expire(1_599).filter(({ do: what }) => what === "close")).toEqual([]);
    expect(far.expire(1_600)[0]).toEqual({ do: "close" });
  });

  test("silence for three beats is a lost connection, and a ping fills every beat", () => {
    const link = live();
    expect(sent(link.expire(1000))).toEqual([{ type: "ping", n: 2 }]);
    link.expire(2000);
    expect(link.expire(2999)).toEqual([]);
    expect(link.expire(3000)[0]).toEqual({ do: "close" });
  });

  test("who turns to voice beats each second, whatever the hub said as they came", () => {
    const link = live(freshSaved("w_1"), attached({ beat_ms: 3000 }));
    const voice: Event[] = [
      { type: "attachment_opened", by: "p_1", participant: "p_1", attachment: "a_1", offset: 1, time: 1 },
      { type: "modality_changed", by: "p_1", attachment: "a_1", takes: ["text", "audio"], gives: ["text"], offset: 2, time: 2 },
    ];
    expect(link.expire(2_999)).toEqual([]);
    link.received({ type: "events", events: voice, position: "p2" }, 2_999);
    expect(sent(link.expire(2_999))[0]?.["type"]).toBe("ping");
    expect(link.nextDeadline()).toBe(3_999);
    expect(link.expire(5_999)[0]).toEqual({ do: "close" });
  });

  test("who waits for the log, or for the rest of an answer, misses a dead connection within three seconds", () => {
    const link = live(freshSaved("w_1"), attached({ beat_ms: 3000 }));
    link.expire(3_000);
    link.received({ type: "pong", n: 2 }, 3_001);
    link.put([say("hi")], 5_800);
    expect(sent(link.expire(6_800))[0]?.["type"]).toBe("ping");
    expect(link.expire(8_799)[0]).not.toEqual({ do: "close" });
    link.received({ type: "acks", acks: [[1, 1, 1]], level: "buffered" }, 8_799);
    expect(link.expire(17_798)[0]).not.toEqual({ do: "close" });
    link.received({ type: "events", events: [{ type: "response_started", by: "p_2", response: "r_1", offset: 1, time: 1 }], position: "p1" }, 17_798);
    expect(link.expire(20_798)[0]).toEqual({ do: "close" });
  });

  test("a ping's answer is the latency", () => {
    const link = live();
    link.expire(1000);
    link.received({ type: "pong", n: 2 }, 1007);
    expect(link.latency).toBe(7);
    link.received({ type: "pong", n: 0 }, 1500);
    expect(link.latency).toBe(7);
  });

  test("a ticket that is not valid any more is replaced by a fresh attach", () => {
    const link = live();
    link.closed(1);
    link.opened(2);
    link.received({ type: "closing", code: 4001, reason: "unauthenticated" }, 3);
    expect(link.expire(10_000)).toEqual([{ do: "ask_ticket" }]);
    expect(link.toSave().resume).toBeNull();
  });

  test.each([4003, 4004, 4010, 4101])("what the hub ends for good (%i) stays ended", (code) => {
    const link = live();
    expect(link.received({ type: "closing", code, reason: "no", retry_after_ms: -1 }, 1)).toEqual([{ do: "close" }, { do: "ended", code, reason: "no" }]);
    expect(link.closed(2)).toEqual([]);
    expect(link.nudge(2)).toEqual([]);
    expect(link.nextDeadline()).toBeNull();
  });

  test("an overloaded hub is left alone for as long as it asks", () => {
    const link = live();
    link.received({ type: "closing", code: 4013, reason: "overloaded", retry_after_ms: 900 }, 10);
    expect(link.nextDeadline()).toBe(910);
    link.expire(910);
    expect([link.phase, link.busy]).toEqual(["opening", true]);
    link.opened(911);
    link.received(attached(), 912);
    expect(link.busy).toBe(false);
  });

  test("a connection that merely breaks says nothing of how busy the hub is", () => {
    const link = live();
    link.received({ type: "closing", code: 4013, reason: "overloaded", retry_after_ms: 900 }, 10);
    link.expire(910);
    link.closed(920);
    expect(link.busy).toBe(false);
  });

  test("a hub that is overloaded again and again is left alone for longer each time, until it was not for a while", () => {
    const link = live();
    const waits: number[] = [];
    let now = 10;
    const turnedAway = (): void => {
      link.received({ type: "closing", code: 4013, reason: "unavailable", retry_after_ms: 500 }, now);
      const deadline = link.nextDeadline() ?? 0;
      waits.push(deadline - now);
      now = deadline;
      link.expire(now);
      link.opened(now);
      link.received(attached(), now);
      now += 5_000;
    };
    for (let times = 0; times < 7; times += 1) turnedAway();
    now += 60_000;
    turnedAway();
    expect(waits).toEqual([500, 1250, 2500, 5000, 10_000, 18_750, 18_750, 500]);
  });
});

describe("events", () => {
  test("an event that comes twice is delivered once", () => {
    const link = live();
    const [, delivered] = link.received({ type: "events", events: [posted(1), posted(2)], position: "p2" }, 1);
    expect(delivered).toEqual({ do: "events", events: [posted(1), posted(2)], gone: [] });
    expect(link.received({ type: "events", events: [posted(2)], position: "p2" }, 2)).toEqual([]);
    expect(link.toSave().position).toBe("p2");
  });

  test("a hole in the offsets is never folded over", () => {
    const link = live();
    expect(kinds(link.received({ type: "events", events: [posted(2)], position: "p2" }, 1))).toEqual(["close", "open"]);
    expect(link.state.offset).toBe(0);
    expect(link.toSave().position).toBe("p0");
  });

  test("compacted events of a resume need not be dense", () => {
    const link = live();
    resumed(link, 5, attached({ events: [posted(3), posted(9)], position: "p9" }));
    expect(link.state.offset).toBe(9);
  });

  test("envelopes of a later version are passed on, and break nothing", () => {
    const later = { type: "weather", warm: true } as unknown as Down;
    expect(live().received(later, 1)).toEqual([{ do: "told", envelope: later }]);
  });
});

describe("batches", () => {
  test("a batch is kept before it is sent", () => {
    expect(kinds(live().put([say("a")], 1).effects)).toEqual(["save", "send"]);
  });

  test("without an acknowledgement they are sent again, in order and byte for byte", () => {
    const link = live();
    link.put([say("a")], 1);
    const { batch } = link.put([say("b")], 1);
    link.received({ type: "acks", level: "buffered", acks: [[1, 1, 1]] }, 2);
    const effects = resumed(link, 3, attached({ events: [] }, 1));
    expect(effects.filter((effect) => effect.do === "send").map((effect) => effect.text)).toContain(batch.raw);
    expect(dids(effects).map((one) => one["seq"])).toEqual([2]);
  });

  test("a reloaded tab sends what an earlier page left, under the same sequence", () => {
    const before = live();
    const { batch } = before.put([say("a")], 1);
    const link = new Link(JSON.parse(JSON.stringify(before.toSave())) as Saved, OPTIONS);
    link.start(0);
    link.opened(0);
    const effects = link.received(attached(), 0);
    expect(dids(effects)).toEqual([JSON.parse(batch.raw)]);
    expect(commandsOf(batch)).toEqual([say("a")]);
  });

  test("what the log holds already is settled by the resume", () => {
    const link = live();
    link.put([say("a")], 1);
    const effects = resumed(link, 2, attached({ events: [] }, 1));
    expect(effects.flatMap((effect) => (effect.do === "settled" ? [effect.batch.seq] : []))).toEqual([1]);
    expect(dids(effects)).toEqual([]);
  });

  test("a lasting refusal settles its batch, and the next ones go on", () => {
    const link = live();
    link.put([say("a")], 1);
    link.put([say("b")], 1);
    const refused = link.received({ type: "refused", seq: 1, reason: "not_allowed" }, 2);
    expect(refused[0]).toMatchObject({ do: "settled", batch: { seq: 1 }, refusal: { reason: "not_allowed" } });
    const [done] = link.received({ type: "acks", level: "buffered", acks: [[2, 1, 1]] }, 3);
    expect(done).toMatchObject({ do: "settled", batch: { seq: 2 }, refusal: null, level: "buffered" });
  });

  test("`too_fast` is sent again when the hub says, and not before", () => {
    const link = live();
    link.put([say("a")], 1);
    link.received({ type: "refused", seq: 1, reason: "too_fast", retry_after_ms: 200 }, 10);
    expect(link.nextDeadline()).toBe(260); // and half of the half more that is drawn
    expect(dids(link.expire(259))).toEqual([]);
    expect(dids(link.expire(260)).length).toBe(1);
  });

  test("`resume_first` is answered by resuming", () => {
    const link = live();
    link.put([say("a")], 1);
    expect(kinds(link.received({ type: "refused", seq: 1, reason: "resume_first" }, 2))).toEqual(["close", "open"]);
  });
});

describe("loss", () => {
  const lost: Down = { type: "discontinuity", lost_from: 1, lost_to: 1, position: "p9", snapshot: {}, producer: { epoch: 2, last: 0 } };

  test("what was acknowledged lately is sent again, and the user is told", () => {
    const link = live();
    const { effects: first } = link.put([say("a")], 1);
    link.received({ type: "acks", level: "buffered", acks: [[1, 1, 1]] }, 2);
    const effects = link.received(lost, 3);
    expect(effects[0]).toEqual({ do: "lost", from: 1, to: 1 });
    expect(dids(effects)).toEqual(dids(first));
  });

  test("when the batches between are gone too, what waits goes on under new sequences, on a new connection", () => {
    const link = live();
    link.put([say("old")], 1);
    link.received({ type: "acks", level: "buffered", acks: [[1, 1, 1]] }, 2);
    link.put([say("new")], 20_000);
    expect(kinds(link.received(lost, 20_001))).toEqual(["lost", "save", "events", "save", "close", "open"]);
    link.opened(20_002);
    const effects = link.received(attached(), 20_003);
    expect(effects).toContainEqual({ do: "renumbered", sequences: new Map([[2, 1]]) });
    expect(dids(effects)).toEqual([{ type: "do", seq: 1, commands: [say("new")] }]);
  });
});

test("a gap that nobody here can fill is answered by coming back, and what is missing is told", () => {
  const link = live();
  for (const text of ["a", "b", "c"]) link.put([say(text)], 1);
  link.received({ type: "refused", seq: 1, reason: "too_large" }, 2);
  link.received({ type: "acks", level: "buffered", acks: [[2, 1, 1]] }, 3);
  expect(kinds(link.received({ type: "refused", seq: 3, reason: "sequence_gap", expected: 1 }, 20_000))).toEqual(["close"]);
  expect(link.nextDeadline()).toBe(20_050);
  expect(kinds(link.expire(20_050))).toEqual(["open"]);
  link.opened(20_051);
  const effects = link.received(attached(), 20_052);
  expect(effects).toContainEqual({ do: "missing", batches: 1 });
  expect(effects).toContainEqual({ do: "renumbered", sequences: new Map([[3, 1]]) });
  expect(dids(effects)).toEqual([{ type: "do", seq: 1, commands: [say("c")] }]);
});

test("detaching says so and ends", () => {
  const link = live();
  expect(sent(link.detach())).toEqual([{ type: "detach" }]);
  expect(link.phase).toBe("ended");
});
