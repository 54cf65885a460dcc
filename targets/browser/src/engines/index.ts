// The engines alone, for whoever has tensors and no photos.
export { EdgeKitError } from "../errors.ts";
export { FORMATS } from "./engine.ts";
export type * from "./engine.ts";
export { openEngine } from "./registry.ts";
