// EdgeKit's models in the browser: load(url) gives a model that classifies photos and video.
export { load } from "./load.ts";
export { readManifest } from "./manifest.ts";
export { EdgeKitError } from "./errors.ts";
export { FORMATS } from "./engines/engine.ts";
export { VERSION } from "./version.ts";
export type * from "./api.ts";
export type { SiteFile, SiteManifest, SiteModel } from "./manifest.ts";
export type { EngineInfo, EngineName, ModelFormat, TensorInfo, Values } from "./engines/engine.ts";
export type { Activation, Color, ImageFormat, Label, ModelSpec, ResizeMode, Task, TensorSpec } from "./core/spec.ts";
