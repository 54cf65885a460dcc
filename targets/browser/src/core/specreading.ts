// From the JSON that travels in an artifact to a checked spec, as edgekit/spec.py reads it.
import { EdgeKitError } from "../errors.ts";
import { type Fields, openFields } from "./fields.ts";
import type { Activation, Color, ImageFormat, Label, ModelSpec, ResizeMode, Task, TensorSpec } from "./spec.ts";
import { findProblem } from "./specrules.ts";

const SCHEMA = 1;
const TASKS: readonly Task[] = ["image-classification", "multi-label-classification", "tensors"];
const COLORS: readonly Color[] = ["rgb", "grayscale"];
const RESIZE_MODES: readonly ResizeMode[] = ["crop", "stretch", "letterbox"];
const ACTIVATIONS: readonly Activation[] = ["softmax", "sigmoid", "none"];

/**
 * Reads a spec; unknown fields are ignored.
 *
 * @param text - its JSON.
 * @param source - the name of the model, for the error's sentence.
 * @throws EdgeKitError - not JSON, not complete, not valid, or written by a newer EdgeKit.
 */
export function readSpec(text: string, source: string): ModelSpec {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new EdgeKitError(
      `${source} holds a spec that is not JSON (${(error as Error).message}). Export the model again.`,
    );
  }
  const fields = openFields(document, source);
  const schema = fields.take("schema", "integer");
  if (schema < 1) {
    throw new EdgeKitError(`${source} has no spec of EdgeKit (its schema is ${schema}). Export the model again.`);
  }
  if (schema > SCHEMA) {
    throw new EdgeKitError(
      `${source} was written by a newer EdgeKit (spec schema ${schema}, this page reads up to ${SCHEMA}). ` +
        "Export the page again with that version.",
    );
  }
  const spec: ModelSpec = {
    schema,
    name: fields.take("name", "string"),
    task: fields.choice("task", TASKS),
    inputs: fields.items("inputs").map(readTensor),
    outputs: fields.items("outputs").map(readTensor),
    labels: fields.items("labels").map(readLabel),
    activation: fields.choice("activation", ACTIVATIONS),
    confidence_threshold: fields.optional("confidence_threshold", "number"),
  };
  const problem = findProblem(spec);
  if (problem) throw new EdgeKitError(`The spec of ${JSON.stringify(spec.name)} is not valid: ${problem}.`);
  return spec;
}

function readTensor(fields: Fields): TensorSpec {
  const image = fields.child("image");
  return {
    name: fields.take("name", "string"),
    shape: fields.dimensions("shape"),
    dtype: fields.take("dtype", "string"),
    value_range: fields.bounds("value_range"),
    image: image && readImage(image),
  };
}

function readImage(fields: Fields): ImageFormat {
  return {
    width: fields.take("width", "integer"),
    height: fields.take("height", "integer"),
    color: fields.choice("color", COLORS),
    resize: fields.choice("resize", RESIZE_MODES),
    fill: fields.take("fill", "integer"),
  };
}

function readLabel(fields: Fields): Label {
  return { id: fields.take("id", "string"), names: fields.texts("names"), descriptions: fields.texts("descriptions") };
}
