// What TensorFlow.js computes with. Each backend is a module of its own, fetched when it is chosen.
import type { EngineName } from "../engine.ts";

export type BackendName = Extract<EngineName, "wasm" | "webgl" | "webgpu" | "cpu">;

/** A backend that runs. */
export interface Backend {
  /** As in `WebAssembly SIMD, 4 threads`. */
  readonly kernels: string;
  readonly threads: number;
  readonly adapter: string | null;
  readonly software: boolean;
}

export interface BackendModule {
  /**
   * Registers the backend with TensorFlow.js, and the kernels that classifiers need.
   *
   * @param assets - where the WebAssembly lies, an absolute address that ends in a slash.
   * @throws EdgeKitError - it does not work on this device.
   */
  register(assets: string): Promise<void>;
  /** Describes the backend, which has started. */
  describe(): Backend;
  /** Registers the kernels of all other operations. */
  registerRest(): Promise<void>;
  /** Rejects once what computes has gone and will not answer any more; of the backend that has started. */
  whenLost?(): Promise<never>;
}

export const BACKENDS: Readonly<Record<BackendName, () => Promise<BackendModule>>> = {
  wasm: () => import("./wasm.ts"),
  webgl: () => import("./webgl.ts"),
  webgpu: () => import("./webgpu.ts"),
  cpu: () => import("./cpu.ts"),
};
