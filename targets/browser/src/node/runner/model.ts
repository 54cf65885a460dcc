// One loaded graph model for the program behind the pipe: it runs on WebAssembly, or where that lacks an operation, in
// plain JavaScript.
import { pathToFileURL } from "node:url";
import { version_core } from "@tensorflow/tfjs-core";
import type { Run } from "../../engines/engine.ts";
import type { BackendName } from "../../engines/tfjs/backend.ts";
import { countMemory, type Graph, lacksKernel, openGraph, type Tensor } from "../../engines/tfjs/graph.ts";
import type { TensorEntry } from "../../engines/tfjs/signature.ts";
import { startBackend } from "../../engines/tfjs/turns.ts";
import { asKind, RunnerError } from "./errors.ts";
import { readFolder } from "./folder.ts";
import { allocate, type Engine, type Given, type Memory, type ModelDescription, type TensorValues } from "./protocol.ts";

/** The engines' WebAssembly lies beside the bundle. */
const ASSETS = pathToFileURL(`${__dirname}/`).href;

export interface Runner {
  describe(): ModelDescription;
  /** What computes now; it can change with the first run. */
  engine(): Engine;
  /** Runs the model once; nothing of it stays in memory. */
  run(given: readonly Given[]): Promise<{ outputs: TensorValues[]; milliseconds: number }>;
  /** Frees the weights; answers what is left, which should be nothing. */
  dispose(): Memory;
}

/**
 * Loads a model.json and its weights.
 *
 * @throws RunnerError - the files are broken, or WebAssembly does not work.
 */
export async function loadRunner(path: string): Promise<Runner> {
  let graph = await load("wasm", path);
  const engine = (): Engine => ({ kernels: graph.backend.kernels, threads: graph.backend.threads });

  async function run(given: readonly Given[]): Promise<Run<Tensor>> {
    const tensors = Object.fromEntries(graph.inputs.map((entry) => [entry.name, takeTensor(entry, given)]));
    try {
      return await graph.run(tensors);
    } catch (error) {
      if (!lacksKernel(error)) throw error;
    }
    graph.dispose();
    graph = await load("cpu", path);
    return graph.run(tensors);
  }

  return {
    engine,
    describe: () => ({
      inputs: graph.inputs.map(describe),
      outputs: graph.outputs.map(describe),
      tfjs: version_core,
      node: process.versions.node,
      ...engine(),
    }),
    async run(given) {
      const { outputs, runMs, readMs } = await run(given);
      const named = Object.entries(outputs).map(([name, tensor]) => ({ name, ...tensor }));
      // Reading belongs to the run: only then everything has been computed.
      return { outputs: named, milliseconds: runMs + readMs };
    },
    dispose() {
      graph.dispose();
      return countMemory();
    },
  };
}

async function load(name: BackendName, path: string): Promise<Graph> {
  const backend = await startBackend(name, ASSETS);
  return asKind("file", () => {
    try {
      const { json, files } = readFolder(path);
      return openGraph(backend, json, files);
    } catch (error) {
      backend.release();
      throw error;
    }
  });
}

function describe({ name, dtype, shape }: TensorEntry): ModelDescription["inputs"][number] {
  return { name, dtype, shape };
}

function takeTensor({ name, dtype }: TensorEntry, given: readonly Given[]): Tensor {
  const found = given.find((tensor) => tensor.name === name);
  if (found === undefined) throw new RunnerError("usage", `There is no tensor for the input ${name}.`);
  if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool") {
    throw new RunnerError("unsupported", `The input ${name} is of the dtype ${dtype}, which cannot be given.`);
  }
  const { shape, values, sent } = found;
  if (sent === dtype) return { shape, values };
  if (sent !== "uint8") throw new RunnerError("usage", `The input ${name} takes ${dtype}, not ${sent}.`);
  const widened = allocate(dtype, values.length);
  widened.set(values);
  return { shape, values: widened };
}
