// An engine's tensors: found by name, checked, described.
import type { ModelSpec, TensorSpec } from "../core/spec.ts";
import type { Engine, TensorInfo, Values } from "../engines/engine.ts";
import { EdgeKitError, kindOf } from "../errors.ts";

/** The tensor of this name; formats that keep no names have them in the spec's order. */
export function findTensor(tensors: readonly TensorInfo[], name: string): TensorInfo {
  return tensors.find((info) => info.name === name) ?? tensors[0]!;
}

/** An error repeats no more than these. */
const MOST_NAMES = 5;

/** Whether values of this shape fit. */
export function accepts(info: TensorInfo, shape: readonly number[]): boolean {
  return (
    info.shape.length === shape.length && info.shape.every((size, place) => size < 0 || size === shape[place])
  );
}

/**
 * The inputs, if they are what the model takes.
 *
 * @throws EdgeKitError - a wrong name or size; the message says what is expected.
 */
export function checkInputs(
  given: Readonly<Record<string, Values>>,
  expected: readonly TensorInfo[],
): Readonly<Record<string, Values>> {
  const plain = kindOf(given) === "Object";
  const names = plain ? Object.keys(given) : [];
  if (names.length !== expected.length || !expected.every(({ name }) => names.includes(name))) {
    const listing = expected.map(describeTensor).join(", ");
    const named = names.length > MOST_NAMES ? `${names.length} names` : names.join(", ") || "nothing";
    throw new EdgeKitError(`The model takes an object with ${listing}. Got: ${plain ? named : kindOf(given)}.`);
  }
  for (const info of expected) {
    const values = given[info.name]!;
    const length = info.shape.reduce((product, size) => product * Math.max(size, 1), 1);
    const got = ArrayBuffer.isView(values) ? values.length : kindOf(values);
    if (got !== length) {
      const takes = `${info.name} takes ${length} values in a typed array (${describeTensor(info)})`;
      throw new EdgeKitError(`${takes}. Got: ${got}.`);
    }
  }
  return given;
}

/** A tensor for a sentence. */
export function describeTensor({ name, dtype, shape }: TensorInfo): string {
  return `${name}: ${dtype} (${shape.map((size) => (size < 0 ? "any" : size)).join(", ")})`;
}

/** The spec of a model that EdgeKit did not write: all that is known of it are its tensors. */
export function describeAsTensors(name: string, engine: Engine): ModelSpec {
  const plain = (info: TensorInfo): TensorSpec => ({
    name: info.name,
    shape: info.shape.map((size) => (size < 0 ? null : size)),
    dtype: info.dtype,
    value_range: null,
    image: null,
  });
  return {
    schema: 1,
    name,
    task: "tensors",
    inputs: engine.inputs.map(plain),
    outputs: engine.outputs.map(plain),
    labels: [],
    activation: "none",
    confidence_threshold: null,
  };
}
