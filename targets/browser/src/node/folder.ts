// A graph model's folder: model.json and the weight files that it names, and nothing outside of the folder.
import { closeSync, fstatSync, openSync, readFileSync, readSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join, sep } from "node:path";
import type { io } from "@tensorflow/tfjs-core";
import { firstLine, RunnerError } from "./errors.ts";

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

/** Reads and checks model.json. */
export function readModelJson(path: string): ModelJson {
  let model: ModelJson;
  try {
    model = JSON.parse(readFileSync(path, "utf-8")) as ModelJson;
  } catch (error) {
    if (isMissing(error)) throw new RunnerError("file", `There is no file ${path}.`);
    throw new RunnerError("file", `${path} cannot be read: ${firstLine(error)}.`);
  }
  if (model?.format === "layers-model") {
    throw new RunnerError("unsupported", `${path} is a layers model; only graph models run here.`);
  }
  if (!Array.isArray(model?.modelTopology?.node) || !Array.isArray(model.weightsManifest)) {
    throw new RunnerError("file", `${path} is no graph model of TensorFlow.js.`);
  }
  return model;
}

/** Node's permissions end at the model's folder; what they hide is not there for us. */
function isMissing(error: unknown): boolean {
  return ["ENOENT", "ERR_ACCESS_DENIED"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/** Gives TensorFlow.js a model from its folder. */
export function folderHandler(path: string, model: ModelJson): io.IOHandler {
  const folder = realpathSync(dirname(path));
  const load = async (): Promise<io.ModelArtifacts> => {
    const groups = model.weightsManifest ?? [];
    const artifacts = {
      modelTopology: model.modelTopology as object,
      format: "graph-model",
      weightSpecs: groups.flatMap((group) => group.weights),
      // One array for each file: they are not put together, since that would take all their memory again.
      weightData: groups.flatMap((group) => group.paths.map((name) => readWeights(folder, name))),
    };
    const { signature, userDefinedMetadata, modelInitializer, initializerSignature } = model;
    const optional = { signature, userDefinedMetadata, modelInitializer, initializerSignature };
    return { ...artifacts, ...optional } as io.ModelArtifacts;
  };
  return { load };
}

/** The bytes of one weight file. */
function readWeights(folder: string, name: string): ArrayBuffer {
  const outside = new RunnerError("file", `The weight file ${name} lies outside of the model's folder.`);
  const path = join(folder, name);
  if (isAbsolute(name) || !path.startsWith(folder + sep)) throw outside;
  let real: string;
  try {
    real = realpathSync(path);
  } catch (error) {
    // Node's permissions do not even let us ask about a link that leads outside.
    if ((error as NodeJS.ErrnoException).code === "ERR_ACCESS_DENIED") throw outside;
    throw new RunnerError("file", `The weight file ${name} is missing.`);
  }
  if (!real.startsWith(folder + sep)) throw outside;
  const file = openSync(real, "r");
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new RunnerError("file", `${name} is no regular file.`);
    const data = new Uint8Array(stat.size);
    for (let start = 0; start < data.length; ) {
      const count = readSync(file, data, start, data.length - start, null);
      if (count === 0) throw new RunnerError("file", `The weight file ${name} changed while it was read.`);
      start += count;
    }
    return data.buffer;
  } finally {
    closeSync(file);
  }
}
