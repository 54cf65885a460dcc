// EdgeKit's models in Node: load(path) gives a model that classifies pixels.
import { readManifest as read, type SiteManifest } from "../manifest.ts";
import { get, toUrl } from "./get.ts";

export { load } from "./load.ts";
export { EdgeKitError } from "../errors.ts";
export { FORMATS } from "../engines/engine.ts";
export { VERSION } from "../version.ts";
export type * from "./api.ts";
export type { Benchmark, Classification, ClassifyOptions, LatencyStats, Prediction, Protocol, Seen, Times } from "../api.ts";
export type { SiteFile, SiteManifest, SiteModel } from "../manifest.ts";
export type { EngineInfo, ModelFormat, TensorInfo, Values } from "../engines/engine.ts";
export type { Activation, Color, ImageFormat, Label, ModelSpec, ResizeMode, Task, TensorSpec } from "../core/spec.ts";

/**
 * Reads a site's manifest.json.
 *
 * @param where - its path or address.
 * @throws EdgeKitError - it cannot be had, is none, or is of a newer schema.
 */
export function readManifest(where: string | URL, signal?: AbortSignal): Promise<SiteManifest> {
  return read(toUrl(where), signal, get);
}
