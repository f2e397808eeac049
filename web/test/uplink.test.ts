import { describe, expect, test } from "vitest";
import { GIVE_UP_MS, LEAVE_MS, Uplink } from "../src/voice/uplink";

describe("the way up", () => {
  test("is not doubted while frames say nothing of it", () => {
    const uplink = new Uplink();
    expect([uplink.look(0, false, false), uplink.look(5_000, false, true)]).toEqual(["none", "none"]);
  });

  test("is doubted with the first frame that says so, and left for a call that waits when they go on saying so", () => {
    const uplink = new Uplink();
    expect(uplink.look(10, true, true)).toBe("doubt");
    expect(uplink.look(10 + LEAVE_MS - 1, true, true)).toBe("wait");
    expect(uplink.look(10 + LEAVE_MS, true, true)).toBe("leave");
  });

  test("is left for any call when none waits for long", () => {
    const uplink = new Uplink();
    uplink.look(10, true, false);
    expect(uplink.look(10 + GIVE_UP_MS - 1, true, false)).toBe("wait");
    expect(uplink.look(10 + GIVE_UP_MS, true, false)).toBe("leave");
  });

  test("is well again with one frame that does not say so", () => {
    const uplink = new Uplink();
    uplink.look(0, true, true);
    expect(uplink.look(50, false, true)).toBe("none");
    expect(uplink.look(60 + LEAVE_MS, true, true)).toBe("doubt");
  });

  test("that was left is judged anew", () => {
    const uplink = new Uplink();
    uplink.look(0, true, true);
    uplink.look(LEAVE_MS, true, true);
    expect(uplink.look(LEAVE_MS + 20, true, true)).toBe("doubt");
  });
});
