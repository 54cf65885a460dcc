// What a model's file says of itself. The code for a format is fetched only for models of that format.
import type { ModelSpec } from "./core/spec.ts";
import type { ModelFormat } from "./engines/engine.ts";

export interface Description {
  /** `null` where EdgeKit did not write the model. */
  readonly spec: ModelSpec | null;
  /** Further files, relative to the first. */
  readonly shards: readonly string[];
}

/**
 * Reads a `.tflite` or a model.json.
 *
 * @param name - what to call it in an error.
 * @throws EdgeKitError - it is no sound model, or its spec is broken or newer than this library.
 */
export async function readModel(format: ModelFormat, data: Uint8Array, name: string): Promise<Description> {
  if (format === "tfjs") return (await import("./core/tfjs.ts")).readTfjs(data, name);
  const { readTflite } = await import("./core/tflite.ts");
  return { spec: readTflite(data, name).spec, shards: [] };
}
