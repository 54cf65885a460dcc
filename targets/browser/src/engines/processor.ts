// What WebAssembly can do here. The bytes are tiny modules, from wasm-feature-detect (Google, Apache-2.0), which
// TensorFlow.js and LiteRT.js test with, too.

const PREFIX = [0, 97, 115, 109, 1, 0, 0, 0];
const SIMD = [1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11];
const RELAXED_SIMD = [
  1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11,
];

/** More are rarely faster for models of this size: phones' other cores are slow ones. */
const MOST_THREADS = 4;

/** 128-bit vectors. */
export function hasSimd(): boolean {
  return WebAssembly.validate(new Uint8Array([...PREFIX, ...SIMD]));
}

/** "Relaxed" ones, whose last bit may differ between processors. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(new Uint8Array([...PREFIX, ...RELAXED_SIMD]));
}

/** Threads, which browsers only give to pages that are isolated from other origins (COOP and COEP headers). */
export function hasThreads(): boolean {
  return globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer === "function";
}

/** What the browser tells; some give a smaller number than there are. */
export function countProcessors(): number {
  return navigator.hardwareConcurrency || 1;
}

/** How many threads to compute with. */
export function countUsefulThreads(): number {
  return Math.max(1, Math.min(MOST_THREADS, countProcessors()));
}
