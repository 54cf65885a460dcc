// One loaded graph model: tensors in, tensors out, by the names of its signature.
import { type GraphModel, loadGraphModel } from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import { countThreads, lacksKernel, startCpu, startWasm } from "./backend.ts";
import { firstLine, RunnerError } from "./errors.ts";
import { folderHandler, type ModelJson, readModelJson } from "./folder.ts";
import { type Backend, type Dtype, type Memory, type ModelDescription, type TensorValues, allocate } from "./protocol.ts";
import { describeTensors, findSignature, type TensorEntry } from "./signature.ts";

export class GraphRunner {
  backend: Backend;
  private model: GraphModel;
  private readonly reload: () => Promise<GraphModel>;
  private readonly inputs: TensorEntry[];
  private readonly outputs: TensorEntry[];
  /** Graphs with loops or sizes that depend on values only run step by step. */
  private stepwise = false;

  private constructor(backend: Backend, model: GraphModel, reload: () => Promise<GraphModel>, json: ModelJson) {
    this.backend = backend;
    this.model = model;
    this.reload = reload;
    const { inputs, outputs } = findSignature(json);
    this.inputs = describeTensors(inputs, model.inputs);
    this.outputs = describeTensors(outputs, model.outputs);
  }

  /** Loads a model.json and its weights. */
  static async load(path: string): Promise<GraphRunner> {
    const backend = await startWasm();
    const json = readModelJson(path);
    const load = async (): Promise<GraphModel> => {
      try {
        return await loadGraphModel(folderHandler(path, json));
      } catch (error) {
        if (error instanceof RunnerError) throw error;
        throw new RunnerError("file", `TensorFlow.js cannot load ${path}: ${firstLine(error)}`);
      }
    };
    return new GraphRunner(backend, await load(), load, json);
  }

  describe(): ModelDescription {
    const plain = ({ name, dtype, shape }: TensorEntry) => ({ name, dtype, shape });
    return {
      inputs: this.inputs.map(plain),
      outputs: this.outputs.map(plain),
      backend: this.backend,
      threads: countThreads(this.backend),
      tfjs: tf.version_core,
      node: process.versions.node,
    };
  }

  /** Runs the model once; nothing of it stays in memory. */
  async run(given: (TensorValues & { sent: Dtype })[]): Promise<{ outputs: TensorValues[]; milliseconds: number }> {
    try {
      return await this.runHere(given);
    } catch (error) {
      if (!lacksKernel(error)) throw error;
    }
    this.model.dispose();
    this.backend = await startCpu();
    this.model = await this.reload();
    return this.runHere(given);
  }

  memory(): Memory {
    const { numTensors, numBytes } = tf.memory();
    return { count: numTensors, bytes: numBytes };
  }

  /** Frees the weights; answers what is left, which should be nothing. */
  dispose(): Memory {
    this.model.dispose();
    return this.memory();
  }

  private async runHere(given: (TensorValues & { sent: Dtype })[]) {
    // One scope around everything also frees what loops keep on their way.
    tf.engine().startScope();
    try {
      const tensors: tf.NamedTensorMap = {};
      for (const entry of this.inputs) tensors[entry.tensor] = toTensor(entry, given);
      const begin = performance.now();
      const answers = await this.execute(tensors);
      // Reading belongs to the run: only then everything has been computed.
      const outputs = this.outputs.map((entry, place) => toValues(entry, answers[place] as tf.Tensor));
      return { outputs, milliseconds: performance.now() - begin };
    } finally {
      tf.engine().endScope();
    }
  }

  private async execute(inputs: tf.NamedTensorMap): Promise<tf.Tensor[]> {
    const names = this.outputs.map((entry) => entry.tensor);
    if (!this.stepwise) {
      try {
        return asArray(this.model.execute(inputs, names));
      } catch (error) {
        if (!(error instanceof Error && error.message.includes("executeAsync"))) throw error;
        this.stepwise = true;
      }
    }
    return asArray(await this.model.executeAsync(inputs, names));
  }
}

function asArray(answer: tf.Tensor | tf.Tensor[]): tf.Tensor[] {
  return Array.isArray(answer) ? answer : [answer];
}

function toTensor(entry: TensorEntry, given: (TensorValues & { sent: Dtype })[]): tf.Tensor {
  const found = given.find((tensor) => tensor.name === entry.name);
  if (found === undefined) throw new RunnerError("usage", `There is no tensor for the input ${entry.name}.`);
  const { dtype } = entry;
  if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool") {
    throw new RunnerError("unsupported", `The input ${entry.name} is of the dtype ${dtype}, which cannot be given.`);
  }
  let { values } = found;
  if (found.sent !== dtype) {
    if (found.sent !== "uint8") {
      throw new RunnerError("usage", `The input ${entry.name} takes ${dtype}, not ${found.sent}.`);
    }
    values = allocate(dtype, found.values.length);
    values.set(found.values);
  }
  return tf.tensor(values, found.shape, dtype);
}

function toValues(entry: TensorEntry, tensor: tf.Tensor): TensorValues {
  if (tensor.dtype !== "float32" && tensor.dtype !== "int32" && tensor.dtype !== "bool") {
    throw new RunnerError("unsupported", `The output ${entry.name} is of the dtype ${tensor.dtype}.`);
  }
  return { name: entry.name, shape: tensor.shape, values: tensor.dataSync() as TensorValues["values"] };
}
