// TensorFlow.js on WebAssembly. Its own start-up has threads made from text, which a page's policy can forbid, and both
// loaders always in the bundle; this one takes files from the assets, one loader.
import { registerBackend, registerKernel } from "@tensorflow/tfjs-core";
import { BackendWasm, getThreadsCount, setThreadsCount } from "@tensorflow/tfjs-backend-wasm/dist/backend_wasm.js";
import { kernels } from "virtual:kernels/wasm";
import { startModule } from "../loading.ts";
import { countProcessors, countUsefulThreads, hasSimd, hasThreads } from "../processor.ts";
import type { Backend } from "./backend.ts";
import { guardMemory, type WasmMemory } from "./memory.ts";

/** Of Emscripten: C functions, by name. */
interface WasmModule extends WasmMemory {
  cwrap(name: string, returns: string | null, takes: string[]): (...values: number[]) => number;
  PThread?: { terminateAllThreads(): void };
  tfjs: object;
}

let simd = false;
let threads = false;

export async function register(assets: string): Promise<void> {
  simd = hasSimd();
  // It takes a thread for every two processors, whatever is asked for; with a single one, threads only cost time.
  threads = simd && hasThreads() && countProcessors() >= 4;
  const name = threads ? "tfjs-backend-wasm-threaded-simd" : simd ? "tfjs-backend-wasm-simd" : "tfjs-backend-wasm";
  const script = threads ? `${name}.js` : "tfjs-backend-wasm.js";
  const module = await startModule<WasmModule>(assets, script, `${name}.wasm`);
  guardMemory(module);
  module.tfjs = bind(module);
  if (threads) setThreadsCount(countUsefulThreads());
  const backend = new BackendWasm(module as unknown as ConstructorParameters<typeof BackendWasm>[0]);
  const dispose = backend.dispose.bind(backend);
  backend.dispose = () => {
    dispose();
    module.PThread?.terminateAllThreads();
  };
  registerBackend("wasm", () => backend);
  for (const kernel of kernels) registerKernel(kernel);
}

export function describe(): Backend {
  const count = threads ? getThreadsCount() : 1;
  const kernels = `WebAssembly${simd ? " SIMD" : ""}, ${count} thread${count === 1 ? "" : "s"}`;
  return { kernels, threads: count, adapter: null, software: false };
}

export async function registerRest(): Promise<void> {
  const { kernels } = await import("virtual:kernels/wasm/rest");
  for (const kernel of kernels) registerKernel(kernel);
}

/** The functions that the backend calls, as its own start-up binds them (backend_wasm.ts, init). */
function bind(module: WasmModule): object {
  return {
    init: module.cwrap("init", null, []),
    initWithThreadsCount: module.cwrap("init_with_threads_count", null, ["number"]),
    getThreadsCount: module.cwrap("get_threads_count", "number", []),
    registerTensor: module.cwrap("register_tensor", null, ["number", "number", "number"]),
    disposeData: module.cwrap("dispose_data", null, ["number"]),
    dispose: module.cwrap("dispose", null, []),
  };
}
