// From the files of a graph model to what TensorFlow.js loads.
import type { io } from "@tensorflow/tfjs-core";
import { EdgeKitError } from "../../errors.ts";
import type { ModelJson } from "../../node/folder.ts";
import type { ModelFiles } from "../engine.ts";
import { firstLine } from "../text.ts";

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
    throw new EdgeKitError(`model.json is broken: ${firstLine(error)}. Export or download the model again.`);
  }
  if (model?.format === "layers-model") {
    throw new EdgeKitError("model.json is of a layers model; only graph models run here. Convert it to one.");
  }
  if (!Array.isArray(model?.modelTopology?.node) || !Array.isArray(model.weightsManifest)) {
    throw new EdgeKitError("model.json is not of a TensorFlow.js graph model.");
  }
  return model;
}

/**
 * Hands the model to TensorFlow.js.
 *
 * @throws EdgeKitError - a weight file is missing.
 */
export function filesHandler(files: ModelFiles, model: ModelJson): io.IOHandler {
  const groups = model.weightsManifest ?? [];
  const weightData = groups.flatMap((group) => group.paths.map((path) => readWeights(files, path)));
  const { signature, userDefinedMetadata, modelInitializer, initializerSignature } = model;
  const artifacts = {
    modelTopology: model.modelTopology as object,
    format: "graph-model",
    weightSpecs: groups.flatMap((group) => group.weights),
    weightData,
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
