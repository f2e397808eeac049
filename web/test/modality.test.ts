import { describe, expect, test } from "vitest";
import { fold } from "../src/client/fold";
import type { Event } from "../src/client/generated";
import { playsFor, switching, takenFrom } from "../src/client/modality";
import { filled } from "../src/client/state";
import { readAddress } from "../src/demo/address";
import { readFrom } from "../src/demo/read_on";

const granted = (token: number, attachment: string): Event => ({
  type: "right_granted", by: "hub", offset: token, right: "playout:ada", holder: "ada", token, attachment,
});

describe("modality", () => {
  test("a command to turn to voice names the numbers of the rights that were seen", () => {
    const state = fold([granted(3, "phone")]);
    expect(switching(state, "ada", "voice")).toEqual({
      type: "change_modality", takes: ["text", "audio"], gives: ["text", "audio"], playout: 3, microphone: 0,
    });
    expect(switching(state, "bob", "listening")).toMatchObject({ takes: ["text", "audio"], gives: ["text"], playout: 0 });
    expect(switching(state, "ada", "text")).toMatchObject({ takes: ["text"], gives: ["text"] });
  });

  test("who plays is who was granted it last, until it is released", () => {
    expect(playsFor(fold([granted(1, "tab"), granted(2, "phone")]), "ada")).toBe("phone");
    expect(playsFor(fold([granted(1, "tab"), { type: "right_released", by: "hub", offset: 2, right: "playout:ada", token: 2 }]), "ada")).toBe("");
    expect(playsFor(fold([]), "ada")).toBe("");
  });

  test("a voice that goes to another device is missed at once, though the loss is said before the grant", () => {
    const changed = (attachment: string, takes: ("text" | "audio")[]): Event => ({
      type: "modality_changed", by: "hub", offset: 9, attachment, takes, gives: takes,
    });
    const view = (...events: Event[]) => ({ state: fold(events), participant: "ada", attachment: "tab" });
    const [loses, gains] = [changed("tab", ["text"]), changed("phone", ["text", "audio"])];
    expect(takenFrom(view(granted(1, "tab")), [loses, granted(2, "phone"), gains])).toBe(true);
    expect(takenFrom(view(granted(1, "tab"), granted(2, "phone")), [loses])).toBe(true);
    expect(takenFrom(view(granted(1, "tab")), [loses])).toBe(false);
    expect(takenFrom(view(granted(1, "tab")), [loses, granted(2, "phone"), granted(3, "tab")])).toBe(false);
    expect(takenFrom(view(granted(1, "phone")), [granted(2, "phone"), gains])).toBe(false);
  });

  test("the mark stands where somebody turned to text in the midst of a message, and nowhere else", () => {
    const message = (read: Record<string, number>) => filled("Message", { id: "m", by: "bot", at: 1, time: 1, read });
    expect(readFrom(message({ ada: 7 }), 20)).toBe(7);
    expect(readFrom(message({ ada: 20 }), 20)).toBe(-1);
    expect(readFrom(message({ ada: 0 }), 20)).toBe(-1);
    expect(readFrom(message({}), 20)).toBe(-1);
  });
});

test("an address names a session, and perhaps the ticket of a link", () => {
  expect(readAddress("")).toEqual({ wanted: "", ticket: "" });
  expect(readAddress("#s_1")).toEqual({ wanted: "s_1", ticket: "" });
  expect(readAddress("#s_1&invite=ab.c-d_e.f")).toEqual({ wanted: "s_1", ticket: "ab.c-d_e.f" });
});
