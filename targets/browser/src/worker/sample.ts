// Values that a model can be tried with where nobody has given a photo: the same in every engine.
import type { TensorInfo, Values } from "../engines/engine.ts";
import type { ModelSpec } from "../core/spec.ts";

/** One array for each input, for batch 1; what may have any size gets 1. */
export function sampleInputs(inputs: readonly TensorInfo[], spec: ModelSpec): Record<string, Values> {
  const isImage = (place: number) => spec.inputs[place]?.image != null;
  return Object.fromEntries(inputs.map((info, place) => [info.name, sampleValues(info, isImage(place))]));
}

/** Noise 0..255 for pixels, 0..1 for other real numbers; zeros for integers, which may be places in a table. */
function sampleValues(info: TensorInfo, isImage: boolean): Values {
  const length = info.shape.reduce((product, size) => product * Math.max(size, 1), 1);
  const noise = makeNoise();
  if (isImage && info.scale === null) return Uint8Array.from({ length }, noise);
  if (info.dtype === "float32") return Float32Array.from({ length }, () => noise() / 255);
  if (info.dtype === "int8") return Int8Array.from({ length }, () => (info.scale === null ? 0 : noise() - 128));
  if (info.dtype === "uint8") return Uint8Array.from({ length }, () => (info.scale === null ? 0 : noise()));
  return new Int32Array(length);
}

/** That of tests/golden: the upper byte of a linear congruential generator (Numerical Recipes). */
function makeNoise(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
}
