// How the page and the library are built, and how the page is served while somebody works on it. The tests have a
// configuration of their own, vitest.config.ts.
import { join } from "node:path";
import type { InlineConfig, Plugin, UserConfig } from "vite";
import { digestAssets, findAssets, readVersion } from "./build-assets.ts";
import { kernelLists, withoutBallast } from "./build-kernels.ts";

const ROOT = import.meta.dirname;

/** What the page and the library have in common: modules that find each other below any path. */
const COMMON: InlineConfig = {
  configFile: false,
  base: "./",
  plugins: [kernelLists(), withoutBallast()],
  worker: {
    format: "es",
    plugins: () => [kernelLists(), withoutBallast()],
    rolldownOptions: { output: { comments: { legal: false } }, checks: { pluginTimings: false } },
  },
  define: {
    LITERT_VERSION: JSON.stringify(readVersion("@litertjs/core")),
    WASM_DIGESTS: JSON.stringify(digestAssets()),
  },
  logLevel: "warn",
};

const BUILD = {
  target: "es2022",
  emptyOutDir: true,
  // A preload needs a policy of its own and saves nothing here: what is loaded late is loaded on purpose.
  modulePreload: false,
  assetsInlineLimit: 0,
  reportCompressedSize: false,
} as const;

/** `dist/page`: everything of a site but its models. */
export function pageConfig(folder: string): InlineConfig {
  return {
    ...COMMON,
    root: join(ROOT, "page"),
    publicDir: join(ROOT, "page", "public"),
    build: {
      ...BUILD,
      outDir: folder,
      rolldownOptions: {
        checks: { pluginTimings: false },
        input: { index: join(ROOT, "page", "index.html"), bench: join(ROOT, "page", "bench.html") },
      },
    },
    plugins: [...(COMMON.plugins ?? []), serveAssets()],
  };
}

/** `dist/lib`: the library for other people's pages. */
export function libraryConfig(folder: string, entries: Record<string, string>): InlineConfig {
  return {
    ...COMMON,
    root: ROOT,
    publicDir: false,
    build: {
      ...BUILD,
      outDir: folder,
      rolldownOptions: {
        checks: { pluginTimings: false },
        input: entries,
        preserveEntrySignatures: "strict",
        output: { entryFileNames: "assets/[name].js", chunkFileNames: "assets/[name]-[hash].js" },
      },
    },
  };
}

/** While somebody works on the page, the engines' WebAssembly comes from the packages. */
function serveAssets(): Plugin {
  const assets = new Map(findAssets().map((asset) => [asset.name, asset]));
  return {
    name: "edgekit-assets",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const name = /\/wasm\/([\w.-]+)(?:\?.*)?$/.exec(request.url ?? "")?.[1] ?? "";
        const asset = assets.get(name);
        if (asset === undefined) return next();
        response.setHeader("Content-Type", name.endsWith(".wasm") ? "application/wasm" : "text/javascript");
        response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
        response.end(asset.read());
      });
    },
  };
}

/** For `vite`, the server of the page in the making. */
const { configFile: _, ...page } = pageConfig(join(ROOT, "dist", "page"));
const serve: UserConfig = {
  ...page,
  server: {
    headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
    fs: { allow: [ROOT] },
  },
};
export default serve;
