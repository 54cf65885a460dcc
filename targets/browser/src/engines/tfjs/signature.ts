// The names, dtypes and shapes of a graph model's inputs and outputs.
import type { GraphModel } from "@tensorflow/tfjs-converter";
import { DTYPES } from "../../core/graphdtypes.ts";
import type { ModelJson, Signature, SignatureTensor } from "./artifacts.ts";

export interface TensorEntry {
  readonly name: string;
  /** What the graph calls it. */
  readonly tensor: string;
  /** TensorFlow.js' own, as in `float32`. */
  readonly dtype: string;
  /** -1 stands for any size, `null` for any shape. */
  readonly shape: readonly number[] | null;
}

/** What the model takes and answers; older converters put it into the metadata. */
export function findSignature(model: ModelJson): Signature {
  return model.userDefinedMetadata?.signature ?? model.signature ?? {};
}

/** The signature's tensors, or those of the graph for a model without a signature. */
export function describeTensors(
  signature: Record<string, SignatureTensor> | undefined,
  graph: GraphModel["inputs"],
): TensorEntry[] {
  const entries = Object.entries(signature ?? {}).filter(([, info]) => info.resourceId === undefined);
  if (entries.length === 0) {
    return graph.map(({ name, dtype, shape }) => ({ name, tensor: name, dtype, shape: shape ?? null }));
  }
  return entries.map(([name, { name: tensor, dtype, tensorShape }]) => ({
    name,
    tensor: tensor ?? name,
    dtype: DTYPES[dtype ?? ""] ?? String(dtype),
    shape: tensorShape === undefined || tensorShape.unknownRank ? null : readShape(tensorShape.dim),
  }));
}

function readShape(dimensions: { size?: string | number }[] | undefined): number[] {
  // Protocol buffers leave a size of 0 out.
  return (dimensions ?? []).map(({ size }) => Number(size ?? 0));
}
