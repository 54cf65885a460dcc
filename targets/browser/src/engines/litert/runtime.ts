// LiteRT.js' WebAssembly, started once for all models that use it at a time.
import { EdgeKitError } from "../../errors.ts";
import { startModule } from "../loading.ts";
import { countUsefulThreads, hasRelaxedSimd, hasSimd, hasThreads } from "../processor.ts";
import type { LitertWasm } from "./bindings.ts";

export interface Runtime {
  readonly wasm: LitertWasm;
  readonly threads: number;
  /** As in `WebAssembly, XNNPACK, 4 threads`. */
  readonly kernels: string;
  /** To be called once by whoever is done with it. */
  release(): void;
}

interface Started {
  readonly wasm: Promise<LitertWasm>;
  users: number;
}

const started = new Map<boolean, Started>();

/**
 * The WebAssembly with threads where the page may have them.
 *
 * @throws EdgeKitError - it is missing, or this browser cannot run it.
 */
export async function startRuntime(assets: string, wanted: "threads" | "one thread"): Promise<Runtime> {
  if (!hasSimd()) {
    throw new EdgeKitError("LiteRT.js needs WebAssembly with SIMD, which this browser lacks. Choose another engine.");
  }
  // The one with threads is made for "relaxed" SIMD, the other for every SIMD.
  const threaded = wanted === "threads" && hasThreads() && hasRelaxedSimd();
  const found = started.get(threaded) ?? { wasm: load(assets, threaded), users: 0 };
  started.set(threaded, found);
  found.users += 1;
  const release = () => {
    found.users -= 1;
    if (found.users > 0 || started.get(threaded) !== found) return;
    started.delete(threaded);
    found.wasm.then(({ PThread }) => PThread?.terminateAllThreads(), () => undefined);
  };
  try {
    const wasm = await found.wasm;
    const threads = threaded ? countUsefulThreads() : 1;
    const simd = threaded ? "relaxed SIMD" : "SIMD";
    const kernels = `WebAssembly ${simd}, XNNPACK, ${threads} thread${threads === 1 ? "" : "s"}`;
    return { wasm, threads, kernels, release };
  } catch (error) {
    release();
    throw error;
  }
}

async function load(assets: string, threaded: boolean): Promise<LitertWasm> {
  const name = threaded ? "litert_wasm_threaded_internal" : "litert_wasm_compat_internal";
  const wasm = await startModule<LitertWasm>(assets, `${name}.js`, `${name}.wasm`);
  wasm.setupLogging();
  return wasm;
}
