// From the files of a graph model to what TensorFlow.js loads.
import type { io } from "@tensorflow/tfjs-core";
import { EdgeKitError } from "../../errors.ts";
import type { ModelFiles } from "../engine.ts";
import { firstLine } from "../text.ts";

/** The parts of model.json that are read here; everything may be missing or of another type in a broken file. */
export interface ModelJson {
  format?: string;
  modelTopology?: { node?: unknown[] };
  weightsManifest?: { paths: string[]; weights: io.WeightsManifestEntry[] }[];
  signature?: Signature;
  userDefinedMetadata?: { signature?: Signature; [key: string]: unknown };
  modelInitializer?: object;
  initializerSignature?: object;
}

export interface Signature {
  inputs?: Record<string, SignatureTensor>;
  outputs?: Record<string, SignatureTensor>;
}

export interface SignatureTensor {
  name?: string;
  dtype?: string;
  /** Of a table that the model fills itself. */
  resourceId?: unknown;
  tensorShape?: { dim?: { size?: string | number }[]; unknownRank?: boolean };
}

/**
 * The parsed model.json.
 *
 * @throws EdgeKitError - it is missing or no graph model's.
 */
export function readModelJson(files: ModelFiles): ModelJson {
  const data = files.get("model.json");
  if (data === undefined) throw new EdgeKitError("The TensorFlow.js model has no model.json.");
  let model: ModelJson;
  try {
    model = JSON.parse(new TextDecoder().decode(data)) as ModelJson;
  } catch (error) {
    throw new EdgeKitError(`model.json is broken and cannot be read: ${firstLine(error)}. Export or download the model again.`);
  }
  if (model?.format === "layers-model") {
    throw new EdgeKitError("model.json is of a layers model; only graph models run here. Convert it to one.");
  }
  if (!Array.isArray(model?.modelTopology?.node) || !Array.isArray(model.weightsManifest)) {
    throw new EdgeKitError("model.json is not of a TensorFlow.js graph model.");
  }
  return model;
}

/** The weight files, as model.json names them. */
export function listWeights(model: ModelJson): string[] {
  return (model.weightsManifest ?? []).flatMap((group) => group.paths ?? []);
}

/**
 * Hands the model to TensorFlow.js.
 *
 * @throws EdgeKitError - a weight file is missing.
 */
export function filesHandler(files: ModelFiles, model: ModelJson): io.IOHandler {
  const { signature, userDefinedMetadata, modelInitializer, initializerSignature } = model;
  const artifacts = {
    modelTopology: model.modelTopology as object,
    format: "graph-model",
    weightSpecs: (model.weightsManifest ?? []).flatMap((group) => group.weights),
    // One array for each file: put together, they would take all their memory again.
    weightData: listWeights(model).map((path) => readWeights(files, path)),
    signature,
    userDefinedMetadata,
    modelInitializer,
    initializerSignature,
  };
  return { load: async () => artifacts as io.ModelArtifacts };
}

/** The bytes of one weight file; TensorFlow.js wants a buffer with nothing else in it. */
function readWeights(files: ModelFiles, path: string): ArrayBuffer {
  const data = files.get(path);
  if (data === undefined) {
    throw new EdgeKitError(`The model's weight file ${path} is missing. Export or download it again.`);
  }
  const whole = data.byteOffset === 0 && data.byteLength === data.buffer.byteLength;
  return whole ? data.buffer : data.slice().buffer;
}
