// The engines' WebAssembly and its loaders, which lie in wasm/ with names of their own: loaders and threads look for
// each other by name. Everything comes from the installed packages; nothing is fetched.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { transformSync } from "esbuild";

export interface Asset {
  /** Below `wasm/`. */
  readonly name: string;
  readonly read: () => Uint8Array | string;
}

const require = createRequire(import.meta.url);

/** All files of `wasm/`. */
export function findAssets(): Asset[] {
  return [...findTfjs(), ...findLitert()];
}

/** What the WebAssembly must be, by its name: `sha256-` and the digest in Base64, as browsers check it. */
export function digestAssets(): Record<string, string> {
  const binaries = findAssets().filter(({ name }) => name.endsWith(".wasm"));
  const digest = (data: Uint8Array | string) => `sha256-${createHash("sha256").update(data).digest("base64")}`;
  return Object.fromEntries(binaries.map(({ name, read }) => [name, digest(read())]));
}

/** The folder of an installed package. */
export function findPackage(name: string): string {
  return dirname(require.resolve(`${name}/package.json`));
}

/** The version of an installed package. */
export function readVersion(name: string): string {
  return (require(`${name}/package.json`) as { version: string }).version;
}

function findTfjs(): Asset[] {
  const folder = join(findPackage("@tensorflow/tfjs-backend-wasm"), "wasm-out");
  const threaded = "tfjs-backend-wasm-threaded-simd";
  const binaries = ["tfjs-backend-wasm", "tfjs-backend-wasm-simd", threaded].map((name) => `${name}.wasm`);
  return [
    ...binaries.map((name) => ({ name, read: () => readFileSync(join(folder, name)) })),
    { name: "tfjs-backend-wasm.js", read: () => readLoader(folder, "tfjs-backend-wasm.js", "WasmBackendModule") },
    { name: `${threaded}.js`, read: () => readLoader(folder, `${threaded}.js`, "WasmBackendModuleThreadedSimd") },
    // The package starts its threads from text, which a page's policy can forbid; files of its own it does not.
    { name: `${threaded}.worker.js`, read: () => readWorker(join(folder, `${threaded}.worker.js`)) },
  ];
}

function readWorker(path: string): string {
  // As the package itself puts line ends back that its own template has read (backend_wasm.ts, init).
  return (require(path) as { wasmWorkerContents: string }).wasmWorkerContents.replaceAll("\n", "\\n");
}

function findLitert(): Asset[] {
  const folder = join(findPackage("@litertjs/core"), "wasm");
  // Two of four, 9 MB each: with threads, and one for all browsers that have SIMD, Safari and old phones among them.
  // Left out are one with "relaxed" SIMD but no threads, and one for WebNN and for graphs split between processors.
  return ["litert_wasm_compat_internal", "litert_wasm_threaded_internal"].flatMap((name) => [
    { name: `${name}.wasm`, read: () => readFileSync(join(folder, `${name}.wasm`)) },
    { name: `${name}.js`, read: () => readLoader(folder, `${name}.js`, "ModuleFactory") },
  ]);
}

/** A loader without comments, its factory in `edgekitLoaders`: as a module it has no global variables. */
function readLoader(folder: string, name: string, factory: string): string {
  const loader = readFileSync(join(folder, name), "utf-8");
  const shared = `${loader}\n(globalThis.edgekitLoaders ??= {})["${name}"] = ${factory};`;
  return transformSync(shared, { minify: true, legalComments: "inline", target: "es2022" }).code;
}
