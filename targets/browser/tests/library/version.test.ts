import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { VERSION } from "../../src/version.ts";

test("the library has EdgeKit's version", () => {
  const python = readFileSync(join(import.meta.dirname, "..", "..", "..", "..", "edgekit", "version.py"), "utf-8");
  expect(/__version__ = "([^"]+)"/.exec(python)?.[1]).toBe(VERSION);
});
