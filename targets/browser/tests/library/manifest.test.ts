import { expect, test } from "vitest";
import { EdgeKitError } from "../../src/errors.ts";
import { parseManifest } from "../../src/manifest.ts";

const URL = "https://example.org/app/manifest.json";
const FILE = { path: "models/a.tflite", bytes: 3, sha256: "0".repeat(64) };
const MODEL = { id: "a", format: "tflite", precision: "fp32", url: "models/a.tflite", bytes: 3, files: [FILE] };

test("a manifest is read", () => {
  const manifest = parseManifest({ schema: 1, name: "flowers", models: [MODEL], app: [] }, URL);
  expect(manifest).toEqual({ schema: 1, name: "flowers", models: [MODEL], url: URL });
});

test.each([
  [null, "it is no object"],
  [{ models: [] }, "schema or models are missing"],
  [{ schema: 1 }, "schema or models are missing"],
  [{ schema: 2, models: [] }, "has the schema 2"],
  [{ schema: 1, models: [{ ...MODEL, format: "onnx" }] }, "models[0] is incomplete"],
  [{ schema: 1, models: [MODEL, { ...MODEL, files: [] }] }, "models[1] is incomplete"],
  [{ schema: 1, models: [{ ...MODEL, files: [{ ...FILE, sha256: "0" }] }] }, "models[0] is incomplete"],
])("what is none is refused: %j", (document, reason) => {
  expect(() => parseManifest(document, URL)).toThrow(EdgeKitError);
  expect(() => parseManifest(document, URL)).toThrow(reason);
});

const OUTSIDE = ["../a", "/a", "https://other.org/a", "models/../../a", "\\\\other\\a", "//other.org/a", "%2e%2e/a"];

test.each(OUTSIDE)(
  "no path leads out of the site: %s",
  (path) => {
    const files = [{ ...FILE, path }];
    expect(() => parseManifest({ schema: 1, models: [{ ...MODEL, files }] }, URL)).toThrow("outside of the site");
    expect(() => parseManifest({ schema: 1, models: [{ ...MODEL, url: path }] }, URL)).toThrow("outside of the site");
  },
);
