// From an engine's name to its module, which is fetched only when it is chosen.
import type { Engine, EngineModule, EngineName, ModelFiles } from "./engine.ts";

const MODULES: Readonly<Record<EngineName, () => Promise<EngineModule>>> = {
  wasm: () => import("./tfjs/graphs.ts"),
  webgl: () => import("./tfjs/graphs.ts"),
  webgpu: () => import("./tfjs/graphs.ts"),
  cpu: () => import("./tfjs/graphs.ts"),
  "litert-wasm": () => import("./litert/litert.ts"),
  "litert-webgpu": () => import("./litert/litert.ts"),
};

/**
 * Opens a model in an engine; see {@link EngineModule}.
 *
 * @throws EdgeKitError - the engine does not work on this device, or cannot run the model; the message says why.
 */
export async function openEngine(name: EngineName, files: ModelFiles, assets: string): Promise<Engine> {
  const module = await MODULES[name]();
  return module.open(name, files, assets);
}
