// LiteRT.js: the `.tflite` itself, on WebAssembly (XNNPACK) or WebGPU.
import { readTflite } from "../../core/tflite.ts";
import { EdgeKitError } from "../../errors.ts";
import { type Adapter, findGpu, openGpu } from "../adapter.ts";
import type { Engine, EngineName, ModelFiles, TensorInfo, Values } from "../engine.ts";
import { isDtype, resolveShape, takeValues } from "../tensors.ts";
import { firstLine } from "../text.ts";
import type { CompiledModel, LoadedModel, TensorBuffer, TensorType } from "./bindings.ts";
import { ELEMENT_TYPES, takeAll } from "./bindings.ts";
import { type Input, makeInput, type Place, readKinds, readOutput } from "./buffers.ts";
import { type Runtime, startRuntime } from "./runtime.ts";

/** As the files' package.json has it; the WebAssembly does not tell. */
declare const LITERT_VERSION: string;

/** What LiteRT.js asks an adapter for, where it has that (environment.ts of @litertjs/core). */
const FEATURES = ["shader-f16", "subgroups"];
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxTextureDimension2D",
];

/** See {@link EngineModule}. */
export async function open(name: EngineName, files: ModelFiles, assets: string): Promise<Engine> {
  const gpu = name === "litert-webgpu";
  if (!gpu && name !== "litert-wasm") throw new EdgeKitError(`LiteRT.js has no engine ${name}.`);
  const data = [...files.values()][0];
  if (data === undefined || files.size !== 1) throw new EdgeKitError("A .tflite is one file.");
  const told = readTflite(data, [...files.keys()][0] ?? "the model");
  const close: (() => void)[] = [];
  try {
    const adapter = gpu ? await findGpu() : null;
    const device = adapter && (await openGpu(adapter.adapter, FEATURES, LIMITS));
    close.push(() => device?.destroy());
    // Behind a graphics processor, threads have nothing to do.
    const runtime = await startRuntime(assets, gpu ? "one thread" : "threads");
    close.push(runtime.release);
    const place: Place = { wasm: runtime.wasm, environment: runtime.wasm.LiteRtEnvironment.create(device), device };
    close.push(() => place.environment.delete());
    const loaded = load(place, data, close);
    const compiled = await compile(place, loaded, runtime.threads, close);
    const inputs = readInputs(place, loaded, compiled, close);
    const info = describe(name, runtime, adapter?.described ?? null);
    const quantized = (found: TensorInfo, all: readonly TensorInfo[]) => {
      const { scale, zeroPoint } = all.find((other) => other.name === found.name) ?? found;
      return { ...found, scale, zeroPoint };
    };
    const given = inputs.map(({ info }) => quantized(info, told.inputs));
    const answered = readOutputs(loaded).map((found) => quantized(found, told.outputs));
    if (device) checkForGpu([...given, ...answered]);
    return makeEngine(place, compiled, info, given, inputs.map(({ input }) => input), answered, () => closeAll(close));
  } catch (error) {
    closeAll(close);
    if (error instanceof EdgeKitError) throw error;
    throw new EdgeKitError(`LiteRT.js cannot load the model: ${firstLine(error)}. Is it a sound .tflite?`);
  }
}

/** Reading other numbers back needs a way to wait that these builds of LiteRT.js lack; it says so only in a run. */
function checkForGpu(tensors: readonly TensorInfo[]): void {
  const other = tensors.find(({ dtype }) => dtype !== "float32");
  if (other === undefined) return;
  throw new EdgeKitError(
    `LiteRT.js runs models with float32 inputs and outputs on WebGPU, and ${other.name} is ${other.dtype}. ` +
      "Choose the engine litert-wasm, or export the model in fp32.",
  );
}

function describe(name: EngineName, runtime: Runtime, adapter: Adapter | null): Engine["info"] {
  const version = `@litertjs/core ${LITERT_VERSION}`;
  const { name: graphics = null, software = false } = adapter ?? {};
  const kernels = adapter ? "WebGPU" : runtime.kernels;
  return { name, version, kernels, threads: runtime.threads, adapter: graphics, software };
}

function load({ wasm, environment }: Place, data: Uint8Array, close: (() => void)[]): LoadedModel {
  const address = wasm._malloc(data.length);
  if (address === 0) {
    throw new EdgeKitError("The model needs more memory than WebAssembly has here. Choose a smaller one.");
  }
  close.push(() => wasm._free(address));
  wasm.HEAPU8.set(data, address);
  const model = wasm.loadModel(environment, address, data.length);
  close.push(() => model.delete());
  return model;
}

async function compile(
  place: Place,
  model: LoadedModel,
  threads: number,
  close: (() => void)[],
): Promise<CompiledModel> {
  const { wasm, environment, device } = place;
  const compiled = await wasm.compileModel(environment, model, {
    environment: { liteRtEnvironment: environment, webGpuDevice: device },
    accelerator: device ? "webgpu" : "wasm",
    cpuOptions: { numThreads: threads },
    // Half precision would move the probabilities.
    gpuOptions: device ? { precision: "fp32" } : {},
    webNNOptions: {},
  });
  close.push(() => compiled.delete());
  if (device && !compiled.isFullyAccelerated()) {
    throw new EdgeKitError("LiteRT.js lacks some of the model's operations on WebGPU. Choose the engine litert-wasm.");
  }
  return compiled;
}

function readInputs(place: Place, model: LoadedModel, compiled: CompiledModel, close: (() => void)[]) {
  const signature = model.getSignature(0);
  const names = takeAll(signature.inputNames());
  signature.delete();
  return names.map((name, index) => {
    const type = model.getInputTensorType(0, index);
    const info = readInfo(name, type);
    const input = makeInput(place, type, readKinds(compiled.getInputBufferRequirements(0, index)));
    type.delete();
    close.push(input.dispose);
    return { info, input };
  });
}

function readOutputs(model: LoadedModel): TensorInfo[] {
  const signature = model.getSignature(0);
  const names = takeAll(signature.outputNames());
  signature.delete();
  return names.map((name, index) => {
    const type = model.getOutputTensorType(0, index);
    const info = readInfo(name, type);
    type.delete();
    return info;
  });
}

function readInfo(name: string, type: TensorType): TensorInfo {
  const layout = type.layout();
  const shape = takeAll(layout.dimensions());
  layout.delete();
  const element = type.elementType().value;
  return { name, shape, dtype: ELEMENT_TYPES[element] ?? `type ${element}`, scale: null, zeroPoint: 0 };
}

function makeEngine(
  place: Place,
  compiled: CompiledModel,
  info: Engine["info"],
  inputs: readonly TensorInfo[],
  buffers: readonly Input[],
  outputs: readonly TensorInfo[],
  close: () => void,
): Engine {
  let open = true;
  let queue: Promise<unknown> = Promise.resolve();

  async function runHere(values: Readonly<Record<string, Values>>) {
    for (const [place, input] of inputs.entries()) {
      const taken = takeValues(input, values);
      resolveShape(input, taken.length);
      buffers[place]?.write(taken);
    }
    const begin = performance.now();
    const answers = await compiled.run(0, buffers.map(({ buffer }) => buffer));
    const computed = performance.now();
    const read = await Promise.all(outputs.map((output, index) => readAnswer(output, answers[index])));
    return {
      outputs: Object.fromEntries(outputs.map(({ name }, index) => [name, read[index] as Values])),
      runMs: computed - begin,
      readMs: performance.now() - computed,
    };
  }

  async function readAnswer({ name, dtype }: TensorInfo, buffer: TensorBuffer | undefined): Promise<Values> {
    if (buffer === undefined || !isDtype(dtype)) {
      throw new EdgeKitError(`The output ${name} is of the dtype ${dtype}, which cannot be read in a browser.`);
    }
    return readOutput(place, buffer, dtype);
  }

  async function run(values: Readonly<Record<string, Values>>) {
    if (!open) throw new EdgeKitError("The model is closed. Load it again.");
    try {
      return await runHere(values);
    } catch (error) {
      if (error instanceof EdgeKitError) throw error;
      throw new EdgeKitError(`LiteRT.js cannot run the model: ${firstLine(error)}. Choose another engine.`);
    }
  }

  return {
    info,
    inputs,
    outputs,
    run(values) {
      // The inputs' buffers are for one run at a time.
      const result = queue.then(() => run(values));
      queue = result.catch(() => undefined);
      return result;
    },
    dispose() {
      if (!open) return;
      open = false;
      void queue.then(close);
    },
  };
}

/** Last made, first freed. */
function closeAll(close: (() => void)[]): void {
  while (close.length > 0) close.pop()?.();
}
