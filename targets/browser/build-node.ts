// Bundles the Node runner: one file of JavaScript and the WebAssembly that it loads.
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { findPackage } from "./build-assets.ts";

export async function buildRunner(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [join(import.meta.dirname, "src", "node", "main.ts")],
    outfile: join(folder, "runner.cjs"),
    bundle: true,
    platform: "node",
    target: "node22.13",
    format: "cjs",
    mainFields: ["module", "main"],
    // TensorFlow.js asks for it where a model comes over HTTP, which ours never does.
    external: ["node-fetch"],
    minify: true,
    // Keeps the licences of what is bundled, each once.
    legalComments: "eof",
    logLevel: "warning",
  });
  // Without "threaded-simd": TensorFlow.js has no threads in Node (tfjs#3830).
  const wasm = findPackage("@tensorflow/tfjs-backend-wasm");
  for (const name of ["tfjs-backend-wasm-simd.wasm", "tfjs-backend-wasm.wasm"]) {
    copyFileSync(join(wasm, "dist", name), join(folder, name));
  }
}
