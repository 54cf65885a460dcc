// What a browser downloads for each choice, compressed.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** Files below dist/lib that are downloaded together, and how much they may be. */
export interface Part {
  readonly name: string;
  readonly files: readonly string[];
  /** Bytes, gzipped. */
  readonly gzip: number;
  /** Bytes, gzipped, as promised to people; `null` where nothing is. */
  readonly limit: number | null;
}

const KB = 1000;
const STATIC_IMPORT = /(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g;

/** Measures dist/lib. */
export function measureParts(folder: string): Part[] {
  const chunks = new Chunks(folder);
  const library = chunks.closure("edgekit", "main");
  const litert = chunks.closure("litert", "tflite");
  const tfjs = chunks.closure("graphs", "wasm", "tfjs").concat("wasm/tfjs-backend-wasm.js");
  const part = (name: string, files: string[], limit: number | null): Part => {
    const unique = [...new Set(files)].sort();
    return { name, files: unique, gzip: unique.reduce((sum, file) => sum + chunks.size(file), 0), limit };
  };
  const threaded = "wasm/tfjs-backend-wasm-threaded-simd";
  const more = (name: string) => chunks.closure(name).filter((file) => ![...library, ...tfjs].includes(file));
  return [
    part("library without an engine", ["index.js", ...library], 15 * KB),
    part("library with its LiteRT.js side", ["index.js", ...library, ...litert], 30 * KB),
    part("TensorFlow.js: core, converter, wasm backend", tfjs, 140 * KB),
    part("  threads instead of none", [`${threaded}.js`, `${threaded}.worker.js`], null),
    part("  backend webgl", more("webgl"), null),
    part("  backend webgpu", more("webgpu"), null),
    part("  backend cpu", more("cpu"), null),
    part("LiteRT.js' loader", ["wasm/litert_wasm_compat_internal.js"], null),
    part("LiteRT.js' loader with threads", ["wasm/litert_wasm_threaded_internal.js"], null),
    part("TensorFlow.js' WebAssembly", ["wasm/tfjs-backend-wasm-simd.wasm"], null),
    part("LiteRT.js' WebAssembly", ["wasm/litert_wasm_compat_internal.wasm"], null),
  ];
}

/** Prints the sizes and keeps them in dist/sizes.json. */
export function printSizes(dist: string): void {
  const parts = measureParts(join(dist, "lib"));
  writeFileSync(join(dist, "sizes.json"), `${JSON.stringify(parts, null, 1)}\n`);
  for (const { name, gzip, limit } of parts) {
    const promise = limit === null ? "" : `  (at most ${limit / KB})`;
    console.log(`${(gzip / KB).toFixed(1).padStart(8)} KB gzipped  ${name}${promise}`);
  }
}

/** The built modules, by the names that they have before their hash. */
class Chunks {
  readonly #folder: string;
  readonly #files: readonly string[];
  readonly #sizes = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = folder;
    this.#files = readdirSync(join(folder, "assets"));
  }

  /** What is downloaded before any of these modules runs. The library's worker is the module "main". */
  closure(...names: string[]): string[] {
    const found = new Set(names.map((name) => this.#find(name)));
    for (const file of found) {
      const code = readFileSync(join(this.#folder, file), "utf-8");
      for (const [, other] of code.matchAll(STATIC_IMPORT)) found.add(`assets/${other}`);
    }
    return [...found];
  }

  size(file: string): number {
    const known = this.#sizes.get(file) ?? gzipSync(readFileSync(join(this.#folder, file)), { level: 9 }).length;
    this.#sizes.set(file, known);
    return known;
  }

  #find(name: string): string {
    const pattern = new RegExp(`^${name}(-[\\w-]{8})?\\.js$`);
    const [file, ...others] = this.#files.filter((file) => pattern.test(file));
    if (file === undefined || others.length > 0) {
      throw new Error(`dist/lib has ${others.length ? "several modules" : "no module"} ${name}.`);
    }
    return `assets/${file}`;
  }
}
