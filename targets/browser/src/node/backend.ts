// Which of TensorFlow.js' backends computes.
import "@tensorflow/tfjs-backend-cpu";
import { getThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { sep } from "node:path";
import { RunnerError } from "./errors.ts";
import type { Backend } from "./protocol.ts";

/** The largest piece that malloc can give: from here on it takes the size for a negative number. */
const LARGEST_PIECE = 2 ** 31 - 1;

/** Starts WebAssembly, whose files lie beside the bundle. */
export async function startWasm(): Promise<Backend> {
  tf.enableProdMode();
  setWasmPaths(__dirname + sep);
  if (!(await tf.setBackend("wasm")) || tf.getBackend() !== "wasm") {
    throw new RunnerError("unsupported", "TensorFlow.js cannot start its WebAssembly backend in this Node.");
  }
  guardMemory(tf.backend() as unknown as WasmBackend);
  return (await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT")) ? "wasm-simd" : "wasm";
}

/** Goes over to plain JavaScript, for graphs with operations that the WebAssembly backend does not have. */
export async function startCpu(): Promise<Backend> {
  await tf.setBackend("cpu");
  return "cpu";
}

/** How many threads really compute. */
export function countThreads(backend: Backend): number {
  return backend !== "cpu" && tf.env().get("WASM_HAS_MULTITHREAD_SUPPORT") ? getThreadsCount() : 1;
}

/** Whether an error says that the WebAssembly backend lacks an operation. */
export function lacksKernel(error: unknown): boolean {
  return error instanceof Error && /^Kernel '.*' not registered for backend 'wasm'/.test(error.message);
}

interface WasmBackend {
  wasm: { _malloc(bytes: number): number; _free(address: number): void };
}

/**
 * TensorFlow.js takes the address 0, by which malloc says that there is no memory left, for a tensor's place: the
 * answers of a model that is too large are wrong then, without a word.
 */
function guardMemory({ wasm }: WasmBackend): void {
  // The first call puts another function in its own place.
  wasm._free(wasm._malloc(8));
  const malloc = wasm._malloc;
  wasm._malloc = (bytes) => {
    const address = bytes > LARGEST_PIECE ? 0 : malloc(bytes);
    if (address === 0) {
      throw new RunnerError("unsupported", "The model needs more memory than WebAssembly has (4 GiB, and 2 GiB for one tensor).");
    }
    return address;
  };
}
