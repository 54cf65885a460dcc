// Builds what runs in Node, all in one folder: the library (index.js, and worker.cjs for its thread), the two programs
// that EdgeKit starts (runner.cjs, bench.cjs), and the WebAssembly that they load.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build as bundle, transformSync } from "esbuild";
import { build, type Plugin } from "vite";
import { findAssets } from "./build-assets.ts";
import { writeLicenses } from "./build-licenses.ts";
import { libraryConfig } from "./vite.config.ts";

const SOURCES = join(import.meta.dirname, "src", "node");
const TARGET = "node22.18";

/** Loaders and WebAssembly that Node uses: those with threads are made for browsers' workers. */
const ASSETS = /^(tfjs-backend-wasm(-simd)?|litert_wasm_compat_internal)\.(js|wasm)$/;

export async function buildRunner(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await buildPrograms(folder);
  await bundle({
    entryPoints: [join(SOURCES, "index.ts")],
    outfile: join(folder, "index.js"),
    bundle: true,
    platform: "node",
    target: TARGET,
    format: "esm",
    minify: true,
    logLevel: "warning",
  });
  for (const { name, read } of findAssets()) {
    if (ASSETS.test(name)) writeFileSync(join(folder, name), name.endsWith(".js") ? withoutNode(read() as string) : read());
  }
  writeLicenses(folder);
}

/** What loads engines, as CommonJS: TensorFlow.js asks for parts of Node in that way. */
async function buildPrograms(folder: string): Promise<void> {
  const { define, plugins } = libraryConfig(folder, {});
  await build({
    configFile: false,
    root: import.meta.dirname,
    publicDir: false,
    define: define ?? {},
    plugins: [...(plugins ?? []), withoutGraphics()],
    logLevel: "warn",
    ssr: { noExternal: true },
    build: {
      ssr: true,
      target: TARGET,
      outDir: folder,
      emptyOutDir: false,
      minify: true,
      reportCompressedSize: false,
      rolldownOptions: {
        checks: { pluginTimings: false },
        input: {
          runner: join(SOURCES, "runner", "main.ts"),
          bench: join(SOURCES, "bench", "main.ts"),
          worker: join(SOURCES, "worker.ts"),
        },
        // TensorFlow.js asks for it where a model comes over HTTP, which it fetches itself; ours are fetched before.
        external: ["node-fetch"],
        output: { format: "cjs", entryFileNames: "[name].cjs", chunkFileNames: "[name].cjs", comments: { legal: false } },
      },
    },
  });
}

/** Without the backends for graphics processors, which Node has no way to. */
function withoutGraphics(): Plugin {
  return {
    name: "edgekit-without-graphics",
    load: (id) => (/engines\/tfjs\/web(gl|gpu)\.ts$/.test(id) ? "export {};" : null),
  };
}

/**
 * A loader that does not see that it is in Node, where it would read files itself, as a script of the other kind than
 * this module. What it needs is handed to it, as in browsers.
 */
function withoutNode(loader: string): string {
  return transformSync(loader, {
    define: { process: "undefined", "globalThis.process": "undefined" },
    minify: true,
    legalComments: "inline",
  }).code;
}
