// The way from pixels to answers, with an engine that shows what it was given.
import { expect, test } from "vitest";
import type { Label, ModelSpec } from "../../src/core/spec.ts";
import type { Engine, TensorInfo, Values } from "../../src/engines/engine.ts";
import { EdgeKitError } from "../../src/errors.ts";
import { createClassify } from "../../src/worker/classifying.ts";
import { checkInputs, describeAsTensors } from "../../src/worker/tensors.ts";

const IMAGE = { width: 2, height: 2, color: "rgb", resize: "crop", fill: 0 } as const;
const LABELS: Label[] = ["cat", "dog", "owl"].map((id) => ({ id, names: { de: `die ${id}` }, descriptions: {} }));
const PLAIN = { scale: null, zeroPoint: 0 };
const INPUT: TensorInfo = { name: "image", shape: [-1, 2, 2, 3], dtype: "float32", ...PLAIN };
const OUTPUT: TensorInfo = { name: "probabilities", shape: [-1, 3], dtype: "float32", ...PLAIN };
const SPEC: ModelSpec = {
  ...{ schema: 1, name: "pets", task: "image-classification", labels: LABELS, activation: "softmax" },
  confidence_threshold: null,
  inputs: [{ name: "image", shape: [null, 2, 2, 3], dtype: "float32", value_range: [0, 255], image: IMAGE }],
  outputs: [{ name: "probabilities", shape: [null, 3], dtype: "float32", value_range: [0, 1], image: null }],
};

/** Answers always the same, and keeps what it was given. */
function makeEngine(answer: Values, input = INPUT, output = OUTPUT): Engine & { given: Values[] } {
  const given: Values[] = [];
  return {
    inputs: [input],
    outputs: [output],
    info: { name: "cpu", version: "", kernels: "", threads: 1, adapter: null, software: false },
    given,
    async run(inputs) {
      given.push(...Object.values(inputs));
      return { outputs: { [output.name]: answer }, runMs: 2, readMs: 1 };
    },
    dispose() {},
  };
}

/** RGB and alpha of one colour, 2 x 2. */
const photo = (...rgba: number[]) =>
  ({ kind: "pixels", width: 2, height: 2, data: Uint8ClampedArray.from([rgba, rgba, rgba, rgba].flat()) }) as const;

test("pixels go in as they are, and the best labels come out by name", async () => {
  const engine = makeEngine(Float32Array.of(0.25, 0.7, 0.05));
  const answer = await createClassify("pets", SPEC, engine)({ picture: photo(9, 8, 7, 255), top: 2, language: "de" });
  expect(engine.given).toEqual([Uint8Array.of(9, 8, 7, 9, 8, 7, 9, 8, 7, 9, 8, 7)]);
  expect(answer.seen).toEqual({ width: 2, height: 2, channels: 3, pixels: engine.given[0] });
  expect(answer.predictions.map(({ label, name, index }) => [label, name, index])).toEqual([
    ["dog", "die dog", 1],
    ["cat", "die cat", 0],
  ]);
  expect([answer.run, answer.read]).toEqual([2, 1]);
});

test("stored values are those of quantized tensors, in both directions", async () => {
  const input = { ...INPUT, dtype: "int8", scale: 1, zeroPoint: -128 };
  const output = { ...OUTPUT, dtype: "uint8", scale: 1 / 256, zeroPoint: 0 };
  const engine = makeEngine(Uint8Array.of(64, 128, 64), input, output);
  const answer = await createClassify("pets", SPEC, engine)({ picture: photo(0, 128, 255, 255), top: 1, language: "" });
  expect([...engine.given[0]!].slice(0, 3)).toEqual([-128, 0, 127]);
  expect(answer.predictions[0]?.probability).toBe(0.5);
});

test("one output of a binary model stands for two labels", async () => {
  const spec: ModelSpec = {
    ...SPEC,
    ...{ labels: LABELS.slice(0, 2), activation: "sigmoid" },
    outputs: [{ ...SPEC.outputs[0]!, shape: [null, 1] }],
  };
  const engine = makeEngine(Float32Array.of(0.75), INPUT, { ...OUTPUT, shape: [1, 1] });
  const classify = createClassify("pets", spec, engine);
  const { predictions } = await classify({ picture: photo(1, 2, 3, 255), top: 5, language: "en" });
  expect(predictions.map(({ label, probability }) => [label, probability])).toEqual([
    ["dog", 0.75],
    ["cat", 0.25],
  ]);
});

test.each([
  [{ ...INPUT, shape: [1, 3, 2, 2] }, OUTPUT, "but the model takes image: float32 (1, 3, 2, 2)"],
  [INPUT, { ...OUTPUT, shape: [1, 4] }, "has 3 labels, but the model answers probabilities: float32 (1, 4)"],
  [INPUT, { ...OUTPUT, shape: [1, 3, 1] }, "has 3 labels, but the model answers"],
])("a spec that does not fit the model is refused", (input, output, reason) => {
  expect(() => createClassify("pets", SPEC, makeEngine(new Float32Array(), input, output))).toThrow(reason);
});

test("a model without a spec has tensors, whose sizes are checked", () => {
  const engine = makeEngine(new Float32Array(3));
  const spec = describeAsTensors("thing", engine);
  expect([spec.task, spec.inputs[0]?.shape]).toEqual(["tensors", [null, 2, 2, 3]]);
  expect(checkInputs({ image: new Uint8Array(12) }, engine.inputs)).toEqual({ image: new Uint8Array(12) });
});

const MANY = Object.fromEntries(Array.from({ length: 12_288 }, (_, place) => [place, 0]));

test.each([
  [{}, "nothing"],
  [null, "Null"],
  [undefined, "Undefined"],
  [new Float32Array(12_288), "Float32Array"],
  [[1, 2], "Array"],
  [{ other: 1, another: 2 }, "other, another"],
  [MANY, "12288 names"],
])("inputs that are no tensors by name are refused in short: %#", (given, got) => {
  const takes = `The model takes an object with image: float32 (any, 2, 2, 3). Got: ${got}.`;
  expect(() => checkInputs(given as never, [INPUT])).toThrow(new EdgeKitError(takes));
});

test.each([
  [new Uint8Array(11), "11"],
  [Array(12).fill(7), "Array"],
  [null, "Null"],
  [new ArrayBuffer(12), "ArrayBuffer"],
])("values that are no typed array of the right length are refused: %#", (image, got) => {
  const takes = `image takes 12 values in a typed array (image: float32 (any, 2, 2, 3)). Got: ${got}.`;
  expect(() => checkInputs({ image } as never, [INPUT])).toThrow(new EdgeKitError(takes));
});
