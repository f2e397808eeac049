import { describe, expect, test } from "vitest";
import type { Session } from "../src/client";
import { fold } from "../src/client/fold";
import type { Event } from "../src/client/generated";
import { Wish } from "../src/voice/wish";
import { memory } from "./memory";

const granted = (token: number, attachment: string): Event => ({
  type: "right_granted", by: "hub", offset: token, right: "playout:ada", holder: "ada", token, attachment,
});

/** A tab of Ada's, as far as a wish sees it. */
class Tab {
  readonly session = { node: "n1", view: { state: fold([]), participant: "ada", attachment: "tab" } };
  readonly memory = memory();
  readonly wish = new Wish(this.session as unknown as Session, this.memory);
  sees(...events: Event[]): void {
    this.session.view.state = fold(events);
    this.wish.look();
  }
}

describe("the voice", () => {
  test("that somebody asks for is taken from another device, until they have it", () => {
    const tab = new Tab();
    tab.wish.begin(false);
    tab.sees(granted(1, "phone"));
    expect(tab.wish.again).toBe(false);
    tab.sees(granted(1, "phone"), granted(2, "tab"));
    expect(tab.wish.again).toBe(true);
    tab.sees(granted(1, "phone"), granted(2, "tab"), granted(3, "phone"));
    expect(tab.wish.again).toBe(true);
  });

  test("that a reloaded page goes on with is taken from none, unless somebody asks", () => {
    const tab = new Tab();
    tab.wish.begin(true);
    expect([tab.wish.again, tab.wish.before]).toEqual([true, true]);
    tab.wish.end();
    expect(tab.wish.before).toBe(false);
    tab.wish.begin(false);
    expect(tab.wish.again).toBe(false);
  });

  test("is not here because an old log says so, while the session is away", () => {
    const tab = new Tab();
    tab.session.node = "";
    tab.wish.begin(false);
    tab.sees(granted(1, "tab"));
    expect(tab.wish.again).toBe(false);
    tab.session.node = "n1";
    tab.wish.look();
    expect(tab.wish.again).toBe(true);
  });
});
