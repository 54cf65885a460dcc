import { describe, expect, test } from "vitest";
import { readTfjs } from "../../src/core/tfjs.ts";

const SPEC = {
  schema: 1,
  name: "m",
  task: "tensors",
  inputs: [
    { name: "a", shape: [null, 2], dtype: "float32", value_range: null, image: null },
    { name: "b", shape: [null], dtype: "int32", value_range: null, image: null },
  ],
  outputs: [{ name: "y", shape: [null, 3], dtype: "float32", value_range: [0, 1], image: null }],
  labels: [],
  activation: "none",
  confidence_threshold: null,
  provenance: {},
};

const dim = (...sizes: number[]) => ({ dim: sizes.map((size) => ({ size: String(size) })) });

function document(changes: object = {}) {
  return {
    format: "graph-model",
    modelTopology: { node: [] },
    signature: {
      inputs: {
        b: { name: "b:0", dtype: "DT_INT64", tensorShape: dim(-1) },
        a: { name: "a:0", dtype: "DT_FLOAT", tensorShape: dim(-1, 2) },
      },
      outputs: { y: { name: "y:0", dtype: "DT_FLOAT", tensorShape: { unknownRank: true } } },
    },
    userDefinedMetadata: { "edgekit.spec": JSON.stringify(SPEC) },
    weightsManifest: [{ paths: ["group1-shard1of2.bin", "group1-shard2of2.bin"], weights: [] }],
    ...changes,
  };
}

const read = (changes: object = {}) => readTfjs(JSON.stringify(document(changes)), "m.tfjs");

test("spec, tensors in the spec's order, files", () => {
  const model = read();
  expect(model.spec?.name).toBe("m");
  expect(model.inputs).toEqual([
    { name: "a", shape: [-1, 2], dtype: "float32", scale: null, zeroPoint: 0 },
    { name: "b", shape: [-1], dtype: "int32", scale: null, zeroPoint: 0 },
  ]);
  // The graph knows nothing of the result's shape, but the spec does.
  expect(model.outputs[0]!.shape).toEqual([-1, 3]);
  expect(model.shards).toEqual(["group1-shard1of2.bin", "group1-shard2of2.bin"]);
  const bytes = new TextEncoder().encode(JSON.stringify(document()));
  expect(readTfjs(bytes, "m.tfjs")).toEqual(model);
});

test("a model that EdgeKit did not write has no spec, and its signature's order", () => {
  const { signature, ...rest } = document({ userDefinedMetadata: {} });
  expect(readTfjs(JSON.stringify({ ...rest, signature }), "m").inputs.map(({ name }) => name)).toEqual(["b", "a"]);
  const older = readTfjs(JSON.stringify({ ...rest, userDefinedMetadata: { signature } }), "m");
  expect(older.spec).toBeNull();
  expect(older.outputs.map(({ name }) => name)).toEqual(["y"]);
});

describe("files that lead elsewhere", () => {
  test.each(["../x.bin", "/x.bin", "a/../../x.bin", "https://elsewhere/x", "//elsewhere/x", "a\\b", "%2e%2e/x", "x?y", "", 7, "a//b", "./x"])(
    "%s",
    (path) => expect(() => read({ weightsManifest: [{ paths: [path] }] })).toThrow(/no plain name/),
  );
});

test.each([
  ["", /not JSON.*cut short/],
  ["{", /not JSON.*cut short/],
  ["<!doctype html>", /HTML/],
  ["[]", /holds no graph/],
  ['{"format": "layers-model"}', /layers model/],
  ['{"modelTopology": {"node": []}}', /no weights/],
])("%s is no model", (text, message) => expect(() => readTfjs(text, "m.tfjs")).toThrow(message));

test("a broken spec is told apart from a broken model", () => {
  expect(() => read({ userDefinedMetadata: { "edgekit.spec": "{}" } })).toThrow(/spec of m\.tfjs is not complete: schema/);
});
