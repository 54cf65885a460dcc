import { expect, test } from "vitest";
import type { ModelSpec } from "../../src/core/spec.ts";
import { sampleInputs } from "../../src/worker/sample.ts";

const IMAGE = { width: 4, height: 2, color: "rgb", resize: "crop", fill: 0 } as const;
const PHOTOS: ModelSpec = {
  ...{ schema: 1, name: "m", task: "image-classification", outputs: [], labels: [], activation: "softmax" },
  confidence_threshold: null,
  inputs: [{ name: "image", shape: [null, 2, 4, 3], dtype: "float32", value_range: [0, 255], image: IMAGE }],
};

test("every engine gets the same pixels", () => {
  const float = { name: "image", shape: [-1, 2, 4, 3], dtype: "float32", scale: null, zeroPoint: 0 };
  const bytes = { ...float, shape: [1, 2, 4, 3], dtype: "uint8", scale: 1 };
  const { image } = sampleInputs([float], PHOTOS);
  expect(image).toBeInstanceOf(Uint8Array);
  expect(image).toHaveLength(24);
  expect(new Set(image).size).toBeGreaterThan(15);
  expect(sampleInputs([bytes], PHOTOS)).toEqual({ image });
});

test("integers are zeros, since they may be places in a table", () => {
  const info = { name: "words", shape: [-1, 7], dtype: "int32", scale: null, zeroPoint: 0 };
  expect(sampleInputs([info], { ...PHOTOS, inputs: [] })).toEqual({ words: new Int32Array(7) });
});
