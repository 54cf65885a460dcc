// Shapes and values of inputs, alike in all engines.
import { EdgeKitError } from "../errors.ts";
import type { TensorInfo, Values } from "./engine.ts";

const ARRAYS = {
  float32: Float32Array,
  int32: Int32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const;

/** The dtypes whose values can be given and answered. */
export type Dtype = keyof typeof ARRAYS;

/** Whether values of a dtype can be given and answered. */
export function isDtype(dtype: string): dtype is Dtype {
  return dtype in ARRAYS;
}

/**
 * The values of one input, in an array of its dtype.
 *
 * @throws EdgeKitError - they are missing or of another dtype; a `Uint8Array` may stand for any.
 */
export function takeValues(info: TensorInfo, inputs: Readonly<Record<string, Values>>): Values {
  const values = inputs[info.name];
  if (values === undefined) throw new EdgeKitError(`There are no values for the input ${info.name}.`);
  if (!isDtype(info.dtype)) {
    throw new EdgeKitError(`The input ${info.name} is of the dtype ${info.dtype}, which cannot be given here.`);
  }
  const Wanted = ARRAYS[info.dtype];
  if (values instanceof Wanted) return values;
  if (values instanceof Uint8Array) return new Wanted(values);
  throw new EdgeKitError(`The input ${info.name} takes ${info.dtype}, not a ${(values as object).constructor.name}.`);
}

/** Some of a WebAssembly memory's bytes, copied out, as values of a dtype. */
export function copyValues(bytes: Uint8Array, dtype: Dtype): Values {
  return new ARRAYS[dtype](bytes.slice().buffer);
}

/** An array for so many values of a dtype. */
export function allocate(dtype: Dtype, count: number): Values {
  return new ARRAYS[dtype](count);
}

/**
 * The sizes for one run with so many values: the batch is 1, and another unknown size follows from the number.
 *
 * @throws EdgeKitError - the number does not fit.
 */
export function resolveShape(info: TensorInfo, count: number): number[] {
  const shape = info.shape.map((size, axis) => (size === -1 && axis === 0 && info.shape.length > 1 ? 1 : size));
  const known = shape.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const unknown = shape.filter((size) => size === -1).length;
  const rest = count / known;
  if (unknown > 1 || !Number.isInteger(rest) || (unknown === 0 && rest !== 1)) {
    const sizes = info.shape.map((size) => (size === -1 ? "any" : size)).join(", ");
    throw new EdgeKitError(`The input ${info.name} takes values of the shape (${sizes}), not ${count} of them.`);
  }
  return shape.map((size) => (size === -1 ? rest : size));
}
