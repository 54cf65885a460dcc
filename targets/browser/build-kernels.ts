// TensorFlow.js in two parts. What its backends compute each operation with is a file for each operation; those of
// usual image classifiers are fetched with the backend, the others when a model needs them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";
import { findPackage } from "./build-assets.ts";

/** The kernels of usual image classifiers, as those of keras.applications; a backend may lack some. */
const USUAL = new Set(
  `Add AddN AvgPool BatchMatMul BatchToSpaceND Cast ClipByValue Concat Conv2D DepthwiseConv2dNative Elu Erf Exp
  ExpandDims Fill FusedBatchNorm FusedConv2D FusedDepthwiseConv2D GatherV2 Identity LeakyRelu Max MaxPool Maximum Mean
  Minimum Multiply Neg Pack PadV2 Prelu Prod RealDiv Relu Relu6 Reshape ResizeBilinear ResizeNearestNeighbor Rsqrt Selu
  Sigmoid Slice Softmax Softplus SpaceToBatchND SplitV Sqrt Square SquaredDifference StridedSlice Sub Sum Tanh Tile
  Transpose _FusedMatMul`.split(/\s+/),
);

const NAME = /^\0?virtual:kernels\/(\w+)(\/rest)?$/;

/** Makes `virtual:kernels/BACKEND` and `virtual:kernels/BACKEND/rest`, which export the lists `kernels`. */
export function kernelLists(): Plugin {
  return {
    name: "edgekit-kernels",
    resolveId: (id) => (NAME.test(id) ? `\0${id}` : null),
    load(id) {
      const [, backend, rest] = NAME.exec(id) ?? [];
      return backend ? writeList(backend, Boolean(rest)) : null;
    },
  };
}

function writeList(backend: string, rest: boolean): string {
  const folder = join(findPackage(`@tensorflow/tfjs-backend-${backend}`), "dist");
  const all = readFileSync(join(folder, "register_all_kernels.js"), "utf-8");
  const lines = [...all.matchAll(/^import \{ (\w+) \} from '\.\/kernels\/(\w+)';$/gm)];
  const wanted = lines.filter(([, , file]) => USUAL.has(file as string) !== rest);
  const path = (file: string) => JSON.stringify(join(folder, "kernels", `${file}.js`));
  const imports = wanted.map(([, name, file]) => `import { ${name} } from ${path(file as string)};`);
  return [...imports, `export const kernels = [${wanted.map(([, name]) => name).join(", ")}];`].join("\n");
}

/** What takes the place of modules that only make the bundle larger. */
const REPLACED: readonly [RegExp, string][] = [
  // The WebAssembly loaders, which lie in wasm/.
  [/tfjs-backend-wasm\/wasm-out\/[\w.-]+\.js$/, "export default null; export const wasmWorkerContents = null;"],
  // Everything but the optimizers, which only training needs.
  [/tfjs-core\/dist\/index\.js$/, 'import "./base_side_effects"; export * from "./base";'],
];

/** Leaves out what no model needs. */
export function withoutBallast(): Plugin {
  return {
    name: "edgekit-without-ballast",
    load: (id) => REPLACED.find(([path]) => path.test(id))?.[1] ?? null,
  };
}
