// Builds everything: dist/node (the Node runner), dist/lib (the library), dist/engines (its engines alone) and
// dist/page (a site without its models).
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build as bundle } from "esbuild";
import { build } from "vite";
import { findAssets } from "./build-assets.ts";
import { writeLicenses } from "./build-licenses.ts";
import { buildRunner } from "./build-node.ts";
import { printSizes } from "./build-sizes.ts";
import { libraryConfig, pageConfig } from "./vite.config.ts";

const ROOT = import.meta.dirname;
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
  writeAssets(folder);
  writeLicenses(folder);
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

await buildRunner(join(ROOT, "dist", "node"));
await replace("lib", buildLibrary);
await replace("engines", buildEngines);
await replace("page", buildPage);
printSizes(join(ROOT, "dist"));
