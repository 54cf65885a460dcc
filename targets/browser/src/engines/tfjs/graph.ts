// One open graph model of TensorFlow.js: tensors in, tensors out, by the names of its signature, for any number of rows.
import "@tensorflow/tfjs-converter/dist/flags.js";
import { GraphModel } from "@tensorflow/tfjs-converter/dist/executor/graph_model.js";
import * as tf from "@tensorflow/tfjs-core";
import { EdgeKitError } from "../../errors.ts";
import type { ModelFiles, Run, Values } from "../engine.ts";
import { firstLine } from "../text.ts";
import { filesHandler, type ModelJson } from "./artifacts.ts";
import type { Backend, BackendName } from "./backend.ts";
import { describeTensors, findSignature, type TensorEntry } from "./signature.ts";
import type { Started } from "./turns.ts";

/** A tensor's stored values, of the dtype of their array; booleans are bytes. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Values;
}

export interface Graph {
  readonly inputs: readonly TensorEntry[];
  readonly outputs: readonly TensorEntry[];
  readonly backend: Backend;
  /**
   * Runs the model once; nothing of it stays in memory.
   *
   * @param inputs - a tensor of its dtype for each input's name.
   * @throws EdgeKitError - the backend cannot run it; {@link lacksKernel} says whether an operation is missing.
   */
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Run<Tensor>>;
  /** Frees the model's memory. A second call does nothing. */
  dispose(): void;
}

/**
 * Opens a model. The backend is the model's from here on: it is released with it, also where this fails.
 *
 * @param json - of the files' model.json.
 * @throws EdgeKitError - files are missing, or TensorFlow.js cannot read them.
 */
export async function openGraph(backend: Started, json: ModelJson, files: ModelFiles): Promise<Graph> {
  try {
    const model = new GraphModel(filesHandler(files, json));
    await backend.inTurn(() => model.load() as Promise<boolean>);
    return makeGraph(backend, model, json);
  } catch (error) {
    backend.release();
    if (error instanceof EdgeKitError) throw error;
    throw new EdgeKitError(`TensorFlow.js cannot load the model: ${firstLine(error)}. Export or download it again.`);
  }
}

/** Whether an error of a run says that no kernel of an operation is registered. */
export function lacksKernel(error: unknown): boolean {
  const cause = error instanceof EdgeKitError ? error.cause : error;
  return cause instanceof Error && /^Kernel '.*' not registered for backend/.test(cause.message);
}

/** Tensors that TensorFlow.js holds, weights included, and their bytes. */
export function countMemory(): { readonly count: number; readonly bytes: number } {
  const { numTensors, numBytes } = tf.memory();
  return { count: numTensors, bytes: numBytes };
}

function makeGraph(backend: Started, model: GraphModel, json: ModelJson): Graph {
  const signature = findSignature(json);
  const inputs = describeTensors(signature.inputs, model.inputs);
  const outputs = describeTensors(signature.outputs, model.outputs);
  const names = outputs.map(({ tensor }) => tensor);
  /** Graphs with loops or sizes that depend on values only run step by step. */
  let stepwise = false;
  let complete = false;
  let open = true;

  async function execute(tensors: tf.NamedTensorMap): Promise<tf.Tensor[]> {
    if (!stepwise) {
      try {
        return asArray(model.execute(tensors, names));
      } catch (error) {
        if (!(error instanceof Error && error.message.includes("executeAsync"))) throw error;
        stepwise = true;
      }
    }
    return asArray(await model.executeAsync(tensors, names));
  }

  async function runHere(given: Readonly<Record<string, Tensor>>): Promise<Run<Tensor>> {
    // One scope around everything also frees what loops keep on their way.
    tf.engine().startScope();
    try {
      const tensors = Object.fromEntries(inputs.map((entry) => [entry.tensor, makeTensor(entry, given[entry.name])]));
      const begin = performance.now();
      const answers = await execute(tensors);
      const computed = performance.now();
      const read = await Promise.all(outputs.map((entry, place) => readTensor(entry, answers[place]!, backend.name)));
      const named = Object.fromEntries(outputs.map(({ name }, place) => [name, read[place]!]));
      return { outputs: named, runMs: computed - begin, readMs: performance.now() - computed };
    } finally {
      tf.engine().endScope();
    }
  }

  function runOrLose(given: Readonly<Record<string, Tensor>>): Promise<Run<Tensor>> {
    const run = runHere(given);
    return backend.whenLost ? Promise.race([run, backend.whenLost()]) : run;
  }

  return {
    inputs,
    outputs,
    backend: backend.described,
    async run(given) {
      if (!open) throw new EdgeKitError("The model is closed. Load it again.");
      return backend.inTurn(async () => {
        try {
          return await runOrLose(given);
        } catch (error) {
          if (!lacksKernel(error) || complete) throw explain(error, backend.name);
        }
        // Rare operations: their kernels are only fetched for a model that has them.
        complete = true;
        await backend.complete();
        try {
          return await runOrLose(given);
        } catch (error) {
          throw explain(error, backend.name);
        }
      });
    },
    dispose() {
      if (!open) return;
      open = false;
      model.dispose();
      backend.release();
    },
  };
}

function asArray(answer: tf.Tensor | tf.Tensor[]): tf.Tensor[] {
  return Array.isArray(answer) ? answer : [answer];
}

function makeTensor({ name, dtype }: TensorEntry, given: Tensor | undefined): tf.Tensor {
  if (given === undefined) throw new EdgeKitError(`There are no values for the input ${name}.`);
  return tf.tensor(given.values as Float32Array, [...given.shape], dtype as "float32" | "int32" | "bool");
}

async function readTensor({ name }: TensorEntry, tensor: tf.Tensor, backend: BackendName): Promise<Tensor> {
  if (!["float32", "int32", "bool"].includes(tensor.dtype)) {
    throw new EdgeKitError(`The output ${name} is of the dtype ${tensor.dtype}, which cannot be read.`);
  }
  // What computes on this thread has its answer ready.
  const ready = backend === "wasm" || backend === "cpu";
  const values = (ready ? tensor.dataSync() : await tensor.data()) as Values;
  // Of WebAssembly it may be a view of its memory, which ends with the scope.
  return { shape: tensor.shape, values: values.slice() };
}

function explain(error: unknown, backend: BackendName): unknown {
  if (error instanceof EdgeKitError) return error;
  const next = lacksKernel(error) ? "Choose the engine cpu, which has all operations." : "Choose another engine.";
  const message = `TensorFlow.js cannot run the model on ${backend}: ${firstLine(error)}. ${next}`;
  return new EdgeKitError(message, { cause: error });
}
