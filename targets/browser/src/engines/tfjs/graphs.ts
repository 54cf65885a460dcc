// TensorFlow.js: graph models, by the names of their signature.
import "@tensorflow/tfjs-converter/dist/flags.js";
import { GraphModel } from "@tensorflow/tfjs-converter/dist/executor/graph_model.js";
import * as tf from "@tensorflow/tfjs-core";
import { EdgeKitError } from "../../errors.ts";
import type { ModelJson } from "../../node/folder.ts";
import { describeTensors, findSignature, type TensorEntry } from "../../node/signature.ts";
import { type Engine, type EngineName, FORMATS, type ModelFiles, type Run, type TensorInfo, type Values } from "../engine.ts";
import { resolveShape, takeValues } from "../tensors.ts";
import { firstLine } from "../text.ts";
import { filesHandler, readModelJson } from "./artifacts.ts";
import { type BackendModule, type BackendName, BACKENDS } from "./backend.ts";

/** How many models each backend serves. */
const users = new Map<BackendName, number>();
/** Which backend computes is one setting for all models, so one runs after the other. */
let queue: Promise<unknown> = Promise.resolve();

/** See {@link EngineModule}. */
export async function open(name: EngineName, files: ModelFiles, assets: string): Promise<Engine> {
  if (FORMATS[name] !== "tfjs") throw new EdgeKitError(`TensorFlow.js has no engine ${name}.`);
  const backend = name as BackendName;
  const json = readModelJson(files);
  const handler = filesHandler(files, json);
  const module = await acquire(backend, assets);
  let model: GraphModel;
  try {
    model = new GraphModel(handler);
    await inTurn(backend, () => model.load() as Promise<boolean>);
  } catch (error) {
    release(backend);
    if (error instanceof EdgeKitError) throw error;
    throw new EdgeKitError(`TensorFlow.js cannot load the model: ${firstLine(error)}. Export or download it again.`);
  }
  return new GraphEngine(backend, module, model, json);
}

class GraphEngine implements Engine {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly info: Engine["info"];
  readonly #backend: BackendName;
  readonly #module: BackendModule;
  readonly #model: GraphModel;
  readonly #given: readonly TensorEntry[];
  readonly #answered: readonly TensorEntry[];
  /** Graphs with loops or sizes that depend on values only run step by step. */
  #stepwise = false;
  #complete = false;
  #open = true;

  constructor(backend: BackendName, module: BackendModule, model: GraphModel, json: ModelJson) {
    const { inputs, outputs } = findSignature(json);
    this.#backend = backend;
    this.#module = module;
    this.#model = model;
    this.#given = describeTensors(inputs, model.inputs);
    this.#answered = describeTensors(outputs, model.outputs);
    this.inputs = this.#given.map(toInfo);
    this.outputs = this.#answered.map(toInfo);
    this.info = { name: backend, version: `@tensorflow/tfjs-core ${tf.version_core}`, ...module.describe() };
  }

  async run(inputs: Readonly<Record<string, Values>>) {
    if (!this.#open) throw new EdgeKitError("The model is closed. Load it again.");
    return inTurn(this.#backend, async () => {
      try {
        return await this.#runOrLose(inputs);
      } catch (error) {
        if (!lacksKernel(error) || this.#complete) throw explain(error, this.#backend);
      }
      // Rare operations: their kernels are only fetched for a model that has them.
      this.#complete = true;
      await this.#module.registerRest();
      await tf.setBackend(this.#backend); // sets the new kernels up
      try {
        return await this.#runOrLose(inputs);
      } catch (error) {
        throw explain(error, this.#backend);
      }
    });
  }

  dispose(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#model.dispose();
    release(this.#backend);
  }

  #runOrLose(inputs: Readonly<Record<string, Values>>): Promise<Run> {
    const run = this.#runHere(inputs);
    return this.#module.whenLost ? Promise.race([run, this.#module.whenLost()]) : run;
  }

  async #runHere(inputs: Readonly<Record<string, Values>>): Promise<Run> {
    // One scope around everything also frees what loops keep on their way.
    tf.engine().startScope();
    try {
      const tensors: tf.NamedTensorMap = {};
      for (const [place, info] of this.inputs.entries()) {
        const values = takeValues(info, inputs);
        const entry = this.#given[place] as TensorEntry;
        const dtype = info.dtype as "float32" | "int32" | "bool";
        tensors[entry.tensor] = tf.tensor(values as Float32Array, resolveShape(info, values.length), dtype);
      }
      const begin = performance.now();
      const answers = await this.#execute(tensors);
      const computed = performance.now();
      const all = await Promise.all(answers.map((tensor) => readTensor(tensor, this.#backend)));
      const outputs = Object.fromEntries(this.outputs.map(({ name }, place) => [name, all[place] as Values]));
      return { outputs, runMs: computed - begin, readMs: performance.now() - computed };
    } finally {
      tf.engine().endScope();
    }
  }

  async #execute(inputs: tf.NamedTensorMap): Promise<tf.Tensor[]> {
    const names = this.#answered.map((entry) => entry.tensor);
    if (!this.#stepwise) {
      try {
        return asArray(this.#model.execute(inputs, names));
      } catch (error) {
        if (!(error instanceof Error && error.message.includes("executeAsync"))) throw error;
        this.#stepwise = true;
      }
    }
    return asArray(await this.#model.executeAsync(inputs, names));
  }
}

/** Starts a backend that no model uses yet. */
async function acquire(name: BackendName, assets: string): Promise<BackendModule> {
  const module = await BACKENDS[name]();
  return inQueue(async () => {
    if (!users.get(name)) {
      tf.enableProdMode();
      await module.register(assets);
      if (!(await tf.setBackend(name))) throw new EdgeKitError(`TensorFlow.js cannot start its backend ${name} here.`);
    }
    users.set(name, (users.get(name) ?? 0) + 1);
    return module;
  });
}

/** Frees a backend's memory, threads and graphics context with its last model. */
function release(name: BackendName): void {
  const left = (users.get(name) ?? 1) - 1;
  users.set(name, left);
  if (left > 0) return;
  void inQueue(async () => {
    if (!users.get(name)) tf.removeBackend(name);
  });
}

function inTurn<T>(name: BackendName, work: () => Promise<T>): Promise<T> {
  return inQueue(async () => {
    await tf.setBackend(name);
    return work();
  });
}

function inQueue<T>(work: () => Promise<T>): Promise<T> {
  const result = queue.then(work);
  queue = result.catch(() => undefined);
  return result;
}

function toInfo({ name, dtype, shape }: TensorEntry): TensorInfo {
  return { name, dtype, shape: shape ?? [], scale: null, zeroPoint: 0 };
}

function asArray(answer: tf.Tensor | tf.Tensor[]): tf.Tensor[] {
  return Array.isArray(answer) ? answer : [answer];
}

async function readTensor(tensor: tf.Tensor, backend: BackendName): Promise<Values> {
  // What computes on this thread has its answer ready.
  const ready = backend === "wasm" || backend === "cpu";
  const values = (ready ? tensor.dataSync() : await tensor.data()) as Values;
  // Of WebAssembly it may be a view of its memory, which ends with the scope.
  return values.slice();
}

/** Whether an error says that no kernel of an operation is registered. */
function lacksKernel(error: unknown): boolean {
  return error instanceof Error && /^Kernel '.*' not registered for backend/.test(error.message);
}

function explain(error: unknown, backend: BackendName): unknown {
  if (error instanceof EdgeKitError) return error;
  const next = lacksKernel(error) ? "Choose the engine cpu, which has all operations." : "Choose another engine.";
  return new EdgeKitError(`TensorFlow.js cannot run the model on ${backend}: ${firstLine(error)}. ${next}`);
}
