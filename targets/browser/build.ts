// Builds everything: dist/node (what runs in Node), dist/lib (the library), dist/vite (its plugin for Vite), dist/engines
// (its engines alone) and dist/page (a site without its models).
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build as bundle } from "esbuild";
import { build } from "vite";
import { findAssets } from "./build-assets.ts";
import { writeLicenses } from "./build-licenses.ts";
import { buildRunner } from "./build-node.ts";
import { printSizes } from "./build-sizes.ts";
import { writeTypes } from "./build-types.ts";
import { libraryConfig, pageConfig } from "./vite.config.ts";

const ROOT = import.meta.dirname;
/** How Vite writes the address of a worker. */
const WORKER_ADDRESS = /new URL\(new URL\((`[\w.-]+`),import\.meta\.url\)\.href,``\+import\.meta\.url\)/g;

/** Builds beside the old folder and then takes its place, so that nobody sees half of it. */
async function replace(name: string, make: (folder: string) => Promise<void>): Promise<void> {
  const folder = join(ROOT, "dist", name);
  const [fresh, old] = [`${folder}.${process.pid}.new`, `${folder}.${process.pid}.old`];
  try {
    await make(fresh);
    if (existsSync(folder)) renameSync(folder, old);
    renameSync(fresh, folder);
  } finally {
    for (const path of [fresh, old]) rmSync(path, { recursive: true, force: true });
  }
}

function writeAssets(folder: string): void {
  mkdirSync(join(folder, "wasm"), { recursive: true });
  for (const { name, read } of findAssets()) writeFileSync(join(folder, "wasm", name), read());
}

async function buildLibrary(folder: string): Promise<void> {
  await build(libraryConfig(folder, { edgekit: join(ROOT, "src", "index.ts") }));
  // All modules lie in assets/, so that each finds wasm/ in the same way, here and in the page.
  writeFileSync(join(folder, "index.js"), 'export * from "./assets/edgekit.js";\n');
  nameWorker(join(folder, "assets", "edgekit.js"));
  writeAssets(folder);
  writeLicenses(folder);
  writeTypes(["index", "node/index", "vite/index"], join(folder, "types"));
  writeFileSync(join(folder, "index.d.ts"), 'export * from "./types/index.js";\n');
}

/** Writes the worker's address in the one way in which other people's bundlers know it again. */
function nameWorker(file: string): void {
  const code = readFileSync(file, "utf-8");
  const plain = code.replace(WORKER_ADDRESS, "new URL($1,import.meta.url)");
  if (code.match(WORKER_ADDRESS)?.length !== 1) throw new Error("The library's worker is not where it was. See build.ts.");
  writeFileSync(file, plain);
}

/** The plugin for people who build their own page with Vite. */
async function buildPlugin(folder: string): Promise<void> {
  const options = { bundle: true, platform: "node", format: "esm", target: "node22", logLevel: "warning" } as const;
  await bundle({ ...options, entryPoints: [join(ROOT, "src", "vite", "index.ts")], outfile: join(folder, "index.js") });
}

/** The engines without a worker around them, for tests and measurements. */
async function buildEngines(folder: string): Promise<void> {
  await build(libraryConfig(folder, { engines: join(ROOT, "src", "engines", "index.ts") }));
  writeFileSync(join(folder, "index.js"), 'export * from "./assets/engines.js";\n');
}

async function buildPage(folder: string): Promise<void> {
  await build(pageConfig(folder));
  const options = { bundle: true, minify: true, format: "iife", target: "es2022", logLevel: "warning" } as const;
  // It has to lie beside index.html, under this name; and old browsers take no modules for it.
  await bundle({ ...options, entryPoints: [join(ROOT, "page", "sw.ts")], outfile: join(folder, "sw.js") });
  writeAssets(folder);
  writeLicenses(folder);
}

await replace("node", buildRunner);
await replace("lib", buildLibrary);
await replace("vite", buildPlugin);
await replace("engines", buildEngines);
await replace("page", buildPage);
printSizes(join(ROOT, "dist"));
