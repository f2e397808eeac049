import { describe, expect, test } from "vitest";
import type { LevelsPage } from "../src/client/requests";
import { barsOf, Course, whoAt } from "../src/demo/course";

const PAGE_MS = 600_000;

/** A page in which somebody is loud in single steps. */
function page(start: number, length: number, callers: readonly number[] = [], helpers: readonly number[] = []): LevelsPage {
  const steps = Math.min(PAGE_MS, length - start) / 100;
  const lane = (loud: readonly number[]): Uint8Array => Uint8Array.from({ length: steps }, (_, step) => (loud.includes(step) ? 255 : 0));
  return { start, step_ms: 100, length, next: start + PAGE_MS < length ? start + PAGE_MS : 0, callers: lane(callers), helpers: lane(helpers) };
}

describe("the course of a call", () => {
  test("asks for all pages once, and for the last one again", async () => {
    const asked: number[] = [];
    let length = 1_300_000;
    const levels = (from: number): Promise<LevelsPage> => {
      asked.push(from);
      return Promise.resolve(page(from, length));
    };
    const course = new Course({ levels, stretch: () => Promise.reject(new Error("nothing plays")) });
    await Promise.all([course.load(), course.load()]);
    expect(asked).toEqual([0, 600_000, 1_200_000]);
    length = 1_900_000;
    await course.load();
    expect(asked.slice(3)).toEqual([1_200_000, 1_800_000]);
    expect(course.view.pages.map((one) => one.start)).toEqual([0, 600_000, 1_200_000, 1_800_000]);
    expect(course.view.length).toBe(1_900_000);
  });

  test("keeps what it has when the hub does not answer, and asks again", async () => {
    let answers = false;
    const levels = (from: number): Promise<LevelsPage> => (answers ? Promise.resolve(page(from, 5_000)) : Promise.reject(new Error("away")));
    const course = new Course({ levels, stretch: () => Promise.reject(new Error("nothing plays")) });
    await course.load();
    expect(course.view.length).toBe(0);
    answers = true;
    await course.load();
    expect(course.view.length).toBe(5_000);
  });

  test("is drawn in as many bars as there is room for, each side for itself", () => {
    const view = { length: 1_200_000, pages: [page(0, 1_200_000, [0, 3_000]), page(600_000, 1_200_000, [], [5_999])], playing: false, problem: "" };
    expect(barsOf(view, "callers", 4)).toEqual([1, 1, 0, 0]);
    expect(barsOf(view, "helpers", 4)).toEqual([0, 0, 0, 1]);
  });

  test("says who speaks at a place", () => {
    const view = { length: 1_200_000, pages: [page(0, 1_200_000, [10, 500], [500]), page(600_000, 1_200_000, [], [20])], playing: false, problem: "" };
    expect([1_000, 1_400, 2_000, 50_000, 602_000].map((place) => whoAt(view, place))).toEqual(["caller", "caller", "", "both", "helper"]);
  });
});
