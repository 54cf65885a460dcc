// Numbers and names as people read them.
import type { EngineName } from "../src/engines/engine.ts";

export const ENGINES: Readonly<Record<EngineName, { readonly name: string; readonly by: string }>> = {
  wasm: { name: "WebAssembly", by: "TensorFlow.js" },
  webgl: { name: "WebGL", by: "TensorFlow.js" },
  webgpu: { name: "WebGPU", by: "TensorFlow.js" },
  cpu: { name: "Plain JavaScript", by: "TensorFlow.js" },
  "litert-wasm": { name: "WebAssembly", by: "LiteRT.js" },
  "litert-webgpu": { name: "WebGPU", by: "LiteRT.js" },
};

/** `LiteRT.js on WebAssembly`. */
export function engineName(engine: EngineName): string {
  const { name, by } = ENGINES[engine];
  return `${by} on ${name}`;
}

/** A share, 0..1: `97.2 %`. Never "100 %" or "0 %": that a float says 1 makes nothing certain. */
export function percent(share: number): string {
  if (share >= 0.9995) return "> 99.9 %";
  if (share < 0.0005) return "< 0.1 %";
  return `${(100 * share).toFixed(1)} %`;
}

/** Milliseconds, three digits that count: `0.42`, `5.31`, `12.4`, `876`. */
export function milliseconds(value: number): string {
  if (value < 9.995) return value.toFixed(2);
  return value < 99.95 ? value.toFixed(1) : value.toFixed(0);
}

/** Bytes in decimal units: `1.9 MB`. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 999_500) return `${(count / 1000).toFixed(0)} kB`;
  return `${(count / 1e6).toFixed(1)} MB`;
}

/** What an error says to a person. */
export function reason(error: unknown): string {
  return error instanceof Error && error.message ? error.message : String(error);
}
