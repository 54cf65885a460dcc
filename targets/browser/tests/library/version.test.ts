import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { VERSION } from "../../src/version.ts";

const PACKAGE = join(import.meta.dirname, "..", "..");

test("library and package have EdgeKit's version", () => {
  const python = readFileSync(join(PACKAGE, "..", "..", "edgekit", "version.py"), "utf-8");
  const version = /__version__ = "([^"]+)"/.exec(python)?.[1];
  expect(VERSION).toBe(version);
  for (const name of ["package.json", "package-lock.json"]) {
    expect(JSON.parse(readFileSync(join(PACKAGE, name), "utf-8")).version).toBe(version);
  }
});
