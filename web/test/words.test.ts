import { expect, test } from "vitest";
import { languageNamed } from "../src/console/words";

test("a language is called as whoever reads calls it, and what is no tag stays as it is", () => {
  const named = new Intl.DisplayNames(undefined, { type: "language" });
  expect(languageNamed("de")).toBe(named.of("de"));
  expect(languageNamed("de")).not.toBe("de");
  expect(["Plattdütsch am Telefon", "!"].map(languageNamed)).toEqual(["Plattdütsch am Telefon", "!"]);
});
