// The language of the pipe. A frame is
//   4 bytes   length of the header, little-endian
//   header    UTF-8 JSON
//   payload   the bytes of the tensors in the header's "tensors", one after the other, row-major, little-endian
// Each request gets one reply, in turn.
import type { Values } from "../../engines/engine.ts";

/** How values are sent. A "uint8" tensor may stand for one of any other dtype; it is converted here. */
export type Dtype = "float32" | "int32" | "bool" | "uint8";

export interface TensorHeader {
  name: string;
  dtype: Dtype;
  shape: readonly number[];
}

export type Request =
  | { op: "load"; path: string } // the path of a model.json
  | { op: "run"; tensors: TensorHeader[] }
  | { op: "memory" }
  | { op: "dispose" };

/** One input or output of the model; -1 stands for any size, null for any shape. */
export interface TensorDescription {
  name: string;
  dtype: string;
  shape: readonly number[] | null;
}

/** What computes, as in `WebAssembly SIMD, 1 thread`, and on how many threads. */
export interface Engine {
  kernels: string;
  threads: number;
}

export interface ModelDescription extends Engine {
  inputs: TensorDescription[];
  outputs: TensorDescription[];
  tfjs: string;
  node: string;
}

/** Tensors that TensorFlow.js holds, weights included, and their bytes. */
export interface Memory {
  count: number;
  bytes: number;
}

export interface TensorValues {
  name: string;
  shape: readonly number[];
  values: Values;
}

/** A tensor as it came, with the dtype that it was sent as. */
export interface Given extends TensorValues {
  sent: Dtype;
}

/** An array for so many values of a dtype. */
export function allocate(dtype: Dtype, count: number): Values {
  if (dtype === "float32") return new Float32Array(count);
  return dtype === "int32" ? new Int32Array(count) : new Uint8Array(count);
}

/** How many values a shape has. */
export function countValues(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
