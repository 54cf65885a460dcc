// What a TensorFlow.js graph model's model.json says of itself: EdgeKit's spec, inputs, outputs and weight files. Form:
// `write_artifacts` of tensorflowjs/converters/tf_saved_model_conversion_v2.py, 4.22.
import type { TensorInfo } from "../engines/engine.ts";
import { EdgeKitError } from "../errors.ts";
import { fits } from "./fields.ts";
import { DTYPES } from "./graphdtypes.ts";
import { readSpec } from "./specreading.ts";
import type { ModelSpec, TensorSpec } from "./spec.ts";

export interface TfjsModel {
  /** `null` where EdgeKit did not write the model. */
  readonly spec: ModelSpec | null;
  /** In the order of the spec, where there is one, else of the signature; TensorFlow.js' dtypes. */
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** The weight files, relative to model.json; none leads out of its folder. */
  readonly shards: readonly string[];
}

/** In `userDefinedMetadata`; its value is the spec's JSON as a text. */
const SPEC_KEY = "edgekit.spec";

type Json = Record<string, unknown>;

/**
 * @param json - the bytes or the text of model.json.
 * @param name - what to call it in an error.
 * @throws EdgeKitError - no sound graph model, or its spec is broken or newer than this library.
 */
export function readTfjs(json: Uint8Array | string, name: string): TfjsModel {
  const refuse = (reason: string): never => {
    throw new EdgeKitError(`${name} is not a sound TensorFlow.js model (${reason}). Download it or export it again.`);
  };
  const model = parse(json, refuse);
  if (model.format === "layers-model") {
    throw new EdgeKitError(`${name} is a layers model; only graph models run here. Export it again with EdgeKit.`);
  }
  const nodes = object(model.modelTopology).node;
  if (!Array.isArray(nodes)) return refuse("it holds no graph");
  if (!Array.isArray(model.weightsManifest)) return refuse("it names no weights");
  const paths = model.weightsManifest.flatMap((group: unknown) => object(group).paths as unknown);
  const shards = paths.map((path) => (isInside(path) ? path : refuse(`the weight file ${JSON.stringify(path)} is no plain name`)));
  const metadata = object(model.userDefinedMetadata);
  const text = metadata[SPEC_KEY];
  const spec = typeof text === "string" ? readSpec(text, name) : null;
  // Older converters put the signature into the metadata.
  const signature = object(metadata.signature ?? model.signature);
  return {
    spec,
    inputs: order(readTensors(signature.inputs), spec?.inputs ?? []),
    outputs: order(readTensors(signature.outputs), spec?.outputs ?? []),
    shards,
  };
}

function parse(json: Uint8Array | string, refuse: (reason: string) => never): Json {
  try {
    const text = typeof json === "string" ? json : new TextDecoder("utf-8", { fatal: true }).decode(json);
    if (/^\s*</.test(text)) return refuse("it is a page in HTML, such as a server's answer that there is no such file");
    return object(JSON.parse(text));
  } catch (error) {
    if (error instanceof EdgeKitError) throw error;
    return refuse(`it is not JSON: ${(error as Error).message}; the file may be cut short`);
  }
}

/** An object, empty for whatever is none. */
function object(value: unknown): Json {
  return fits(value, "object") ? value : {};
}

/** Whether a path stays below the folder, also for a browser, which decodes `%2e` and takes backslashes for slashes. */
function isInside(path: unknown): path is string {
  if (typeof path !== "string" || !/^[^\\:%?#\0]+$/.test(path)) return false;
  return path.split("/").every((part) => !["", ".", ".."].includes(part));
}

function readTensors(tensors: unknown): TensorInfo[] {
  return Object.entries(object(tensors))
    .filter(([, info]) => object(info).resourceId === undefined) // a table that the model fills itself
    .map(([name, info]) => {
      const { dtype, tensorShape } = object(info);
      const { dim, unknownRank } = object(tensorShape);
      // Protocol buffers leave a size of 0 out.
      const shape = Array.isArray(dim) && !unknownRank ? dim.map((one) => Number(object(one).size ?? 0)) : [];
      return { name, shape, dtype: DTYPES[String(dtype)] ?? String(dtype), scale: null, zeroPoint: 0 };
    });
}

/** The file's tensors, in the order of the spec where the names are the same. */
function order(found: TensorInfo[], wanted: readonly TensorSpec[]): TensorInfo[] {
  const known = wanted.map((tensor) => {
    const info = found.find(({ name }) => name === tensor.name);
    // Graphs with loops often know nothing of their results' shapes.
    const told = tensor.shape.map((size) => size ?? -1);
    return info && { ...info, shape: info.shape.length ? info.shape : told };
  });
  return known.length === found.length && known.every((info) => info !== undefined) ? known : found;
}
