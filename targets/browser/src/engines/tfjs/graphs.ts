// TensorFlow.js as an engine: graph models, batch 1.
import * as tf from "@tensorflow/tfjs-core";
import { EdgeKitError } from "../../errors.ts";
import { type Engine, type EngineName, FORMATS, type ModelFiles, type TensorInfo } from "../engine.ts";
import { resolveShape, takeValues } from "../tensors.ts";
import { readModelJson } from "./artifacts.ts";
import type { BackendName } from "./backend.ts";
import { openGraph } from "./graph.ts";
import type { TensorEntry } from "./signature.ts";
import { startBackend } from "./turns.ts";

/** See {@link EngineModule}. */
export async function open(name: EngineName, files: ModelFiles, assets: string): Promise<Engine> {
  if (FORMATS[name] !== "tfjs") throw new EdgeKitError(`TensorFlow.js has no engine ${name}.`);
  const json = readModelJson(files);
  const graph = await openGraph(await startBackend(name as BackendName, assets), json, files);
  const inputs = graph.inputs.map(toInfo);
  return {
    inputs,
    outputs: graph.outputs.map(toInfo),
    info: { name, version: `@tensorflow/tfjs-core ${tf.version_core}`, ...graph.backend },
    async run(given) {
      const tensors = inputs.map((info) => {
        const values = takeValues(info, given);
        return [info.name, { values, shape: resolveShape(info, values.length) }] as const;
      });
      const { outputs, runMs, readMs } = await graph.run(Object.fromEntries(tensors));
      const values = Object.entries(outputs).map(([name, tensor]) => [name, tensor.values] as const);
      return { outputs: Object.fromEntries(values), runMs, readMs };
    },
    dispose: () => graph.dispose(),
  };
}

function toInfo({ name, dtype, shape }: TensorEntry): TensorInfo {
  return { name, dtype, shape: shape ?? [], scale: null, zeroPoint: 0 };
}
