import { expect, test } from "vitest";
import { findFastest, findWrongAnswer, listCandidates } from "../../src/picking.ts";

const EVERYTHING = { webgpu: true, secureContext: true };

test("what works everywhere is tried first, and plain JavaScript only in the end", () => {
  expect(listCandidates("tfjs", EVERYTHING)).toEqual({
    first: ["wasm", "webgpu", "webgl"],
    last: ["cpu"],
    without: [],
  });
  expect(listCandidates("tflite", EVERYTHING)).toEqual({
    first: ["litert-wasm", "litert-webgpu"],
    last: [],
    without: [],
  });
});

test("an engine that cannot work is left out, with the reason", () => {
  const { first, without } = listCandidates("tfjs", { webgpu: false, secureContext: true });
  expect(first).toEqual(["wasm", "webgl"]);
  expect(without).toEqual([["webgpu", "this browser has no WebGPU"]]);
  const insecure = listCandidates("tflite", { webgpu: false, secureContext: false });
  expect(insecure.first).toEqual(["litert-wasm"]);
  expect(insecure.without[0]?.[1]).toContain("secure context");
});

test("an answer must be near the first one's", () => {
  const reference = Float32Array.of(0.7, 0.2, 0.1);
  expect(findWrongAnswer(reference, null)).toBeNull();
  expect(findWrongAnswer(Float32Array.of(0.69, 0.21, 0.1), reference)).toBeNull();
  expect(findWrongAnswer(Float32Array.of(0.6, 0.3, 0.1), reference)).toBe("its answer differs by 0.10");
  expect(findWrongAnswer(Float32Array.of(NaN, 0.2, 0.1), null)).toContain("no numbers");
  expect(findWrongAnswer(Float32Array.of(0.7, 0.3), reference)).toContain("another size");
});

test("the fastest wins; of equals, the first", () => {
  const candidate = (engine: "wasm" | "webgl" | "webgpu", ms: number) => ({ engine, ms, answer: new Float32Array() });
  expect(findFastest([])).toBeNull();
  expect(findFastest([candidate("wasm", 3), candidate("webgpu", 2), candidate("webgl", 2)])?.engine).toBe("webgpu");
});
