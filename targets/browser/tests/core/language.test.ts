import { expect, test } from "vitest";
import { displayName, inLanguage } from "../../src/core/language.ts";

const TEXTS = { en: "Rose", de: "Rose (de)", "pt-BR": "Rosa" };

test.each([
  ["de", "Rose (de)"],
  ["de-AT", "Rose (de)"],
  ["de_AT.UTF-8", "Rose (de)"],
  ["pt", "Rosa"],
  ["pt-PT", "Rosa"],
  ["fr", "Rose"],
  [undefined, "Rose"],
  ["constructor", "Rose"],
])("%s", (language, expected) => expect(inLanguage(TEXTS, language)).toBe(expected));

test("without names the id, without English the first", () => {
  expect(displayName({ id: "rose", names: {}, descriptions: {} }, "de")).toBe("rose");
  expect(displayName({ id: "rose", names: { de: "Rose" }, descriptions: {} }, "fr")).toBe("Rose");
});
