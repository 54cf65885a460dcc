// What a `.tflite` says of itself, without running it: EdgeKit's spec, inputs and outputs. Field numbers are from
// tensorflow/compiler/mlir/lite/schema/schema.fbs: a field's number is its place in its table.
import type { TensorInfo } from "../engines/engine.ts";
import { EdgeKitError } from "../errors.ts";
import { openFlatbuffer, type Table } from "./flatbuffer.ts";
import { nameTensors } from "./tensornames.ts";
import { readSpec } from "./specreading.ts";
import type { ModelSpec } from "./spec.ts";

export interface TfliteModel {
  /** `null` where EdgeKit did not write the file. */
  readonly spec: ModelSpec | null;
  /** Of the first graph, in its order, with the signature's names. */
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

/** The metadata entry that holds the spec as JSON in UTF-8. */
const SPEC_ENTRY = "EDGEKIT_SPEC";
const IDENTIFIER = "TFL3";
const DEFAULT_SIGNATURE = "serving_default";

const Model = { subgraphs: 2, buffers: 4, metadata: 6, signatures: 7 } as const;
const Subgraph = { tensors: 0, inputs: 1, outputs: 2 } as const;
const Tensor = { shape: 0, type: 1, name: 3, quantization: 4, shapeSignature: 7 } as const;
const Quantization = { scale: 2, zeroPoint: 3 } as const;
const Signature = { inputs: 0, outputs: 1, key: 2, subgraph: 4 } as const;

/** By their number in the schema; those that come later are no input of a model that runs here. */
const DTYPES =
  "float32 float16 int32 uint8 int64 string bool int16 complex64 int8 float64 complex128 uint64 resource variant uint32 uint16 int4".split(
    " ",
  );

/**
 * @param data - the bytes of a `.tflite` file.
 * @param name - what to call it in an error.
 * @throws EdgeKitError - no sound model, or its spec is broken or newer than this library.
 */
export function readTflite(data: Uint8Array, name: string): TfliteModel {
  if (text(data.subarray(4, 8)) !== IDENTIFIER) {
    throw new EdgeKitError(`${name} is not a TFLite model (${whatItIs(data)}). Check the path, or export it again.`);
  }
  const fail = (reason: string): never => {
    throw new EdgeKitError(`${name} is not a sound TFLite model (${reason}). Download it or export it again.`);
  };
  const root = openFlatbuffer(data, `${name} is not a sound TFLite model`);
  const graph = root.tables(Model.subgraphs)[0] ?? fail("it holds no graph");
  const tensors = graph.tables(Subgraph.tensors);
  const pick = (index: number) => tensors[index] ?? fail("a graph names a tensor that is not there");
  const [inputs, outputs] = [graph.int32s(Subgraph.inputs), graph.int32s(Subgraph.outputs)];
  const signature = findSignature(root, inputs, outputs);
  const describe = (kind: "input" | "output", indices: readonly number[]): TensorInfo[] => {
    const found = indices.map(pick);
    const raw = found.map((tensor) => tensor.string(Tensor.name));
    const names = nameTensors(kind, indices, raw, signature?.[kind] ?? null);
    return found.map((tensor, place) => describeTensor(tensor, names[place]!, fail));
  };
  return { spec: findSpec(root, name), inputs: describe("input", inputs), outputs: describe("output", outputs) };
}

function findSpec(root: Table, name: string): ModelSpec | null {
  const entry = root.tables(Model.metadata).find((table) => table.string(0) === SPEC_ENTRY);
  if (entry === undefined) return null;
  const buffer = root.tables(Model.buffers)[entry.uint32(1)];
  return buffer === undefined ? null : readSpec(text(buffer.bytes(0)), name);
}

function describeTensor(tensor: Table, name: string, fail: (reason: string) => never): TensorInfo {
  const [fixed, signature] = [tensor.int32s(Tensor.shape), tensor.int32s(Tensor.shapeSignature)];
  const shape = signature.length === fixed.length ? signature : fixed;
  if (shape.some((size) => size < -1)) fail(`the tensor ${name} has an impossible shape`);
  const quantization = tensor.table(Tensor.quantization);
  const [scales, zeroPoints] = [quantization?.floats(Quantization.scale), quantization?.int64s(Quantization.zeroPoint)];
  return {
    name,
    shape,
    dtype: DTYPES[tensor.int8(Tensor.type)] ?? fail(`the tensor ${name} is of an unknown type`),
    scale: scales?.length === 1 ? scales[0]! : null,
    zeroPoint: zeroPoints?.length === 1 ? zeroPoints[0]! : 0,
  };
}

/** Tensor index to name, of the signature over exactly the graph's inputs and outputs; `serving_default` first. */
function findSignature(root: Table, inputs: readonly number[], outputs: readonly number[]) {
  const found = root
    .tables(Model.signatures)
    .filter((table) => table.uint32(Signature.subgraph) === 0)
    .map((table) => ({
      key: table.string(Signature.key),
      input: readNames(table, Signature.inputs),
      output: readNames(table, Signature.outputs),
    }))
    .filter(({ input, output }) => sameKeys(input, inputs) && sameKeys(output, outputs));
  return found.find(({ key }) => key === DEFAULT_SIGNATURE) ?? found[0] ?? null;
}

function readNames(table: Table, field: number): [number, string][] {
  return table.tables(field).map((entry) => [entry.uint32(1), entry.string(0)]);
}

/** A tensor that has two names is two entries here, so that its signature is left aside. */
function sameKeys(names: readonly [number, string][], indices: readonly number[]): boolean {
  const sorted = (values: number[]) => values.sort((a, b) => a - b).join();
  return sorted(names.map(([index]) => index)) === sorted([...indices]);
}

function whatItIs(data: Uint8Array): string {
  const start = text(data.subarray(0, 32));
  if (data.length === 0) return "it is empty";
  if (start.startsWith("PK\x03\x04")) return "it is a zip archive, such as a .keras file";
  if (start.startsWith("version https://git-lfs")) return "it is a Git LFS pointer; fetch the file itself";
  if (start.trimStart().startsWith("<")) return "it is a page in HTML, such as a server's answer that there is no such file";
  return `it lacks the mark ${IDENTIFIER}`;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
