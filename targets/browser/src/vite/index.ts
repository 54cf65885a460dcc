// A plugin for people who build their page with Vite: `plugins: [edgekit()]` is all that the library needs there.
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import type { Plugin } from "vite";

/** The engines' WebAssembly and its loaders, beside the built plugin. */
const WASM = new URL("../lib/wasm/", import.meta.url);

/**
 * Builds the library's worker as a module, which fetches engines when they are chosen, and puts `wasm/` beside the
 * folder of the built scripts, where the library looks for it.
 */
export default function edgekit(): Plugin {
  let scripts = "assets";
  return {
    name: "edgekit",
    config: () => ({
      worker: { format: "es" },
      // Bundled ahead of the development server, the library would not find its worker and its WebAssembly.
      optimizeDeps: { exclude: ["edgekit"] },
    }),
    configResolved({ build }) {
      scripts = build.assetsDir;
    },
    generateBundle() {
      if (this.environment.config.consumer !== "client") return;
      for (const name of readdirSync(WASM)) {
        const fileName = posix.join(scripts, "..", "wasm", name);
        this.emitFile({ type: "asset", fileName, source: readFileSync(new URL(name, WASM)) });
      }
    },
  };
}
