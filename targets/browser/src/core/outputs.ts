// From what a classifier's graph answers to probabilities of labels, and to the best of them: edgekit/outputs.py and
// edgekit/runtime/prediction.py in TypeScript.
import type { Prediction } from "../api.ts";
import type { TensorInfo, Values } from "../engines/engine.ts";
import { EdgeKitError } from "../errors.ts";
import { describeLabel, displayName } from "./language.ts";
import type { ModelSpec } from "./spec.ts";
import { isBinary, isMultiLabel } from "./specrules.ts";

export const NONE_OF_THESE = "none of these";

/** From here on a label of a multi-label model is an answer, where the spec says nothing else. */
const DEFAULT_THRESHOLD = 0.5;

/** Real values of a tensor's stored ones, as float32; plain conversion for a tensor that is not quantized. */
export function dequantize(values: Values, { scale, zeroPoint }: TensorInfo): Float32Array {
  if (scale === null) return values instanceof Float32Array ? values : Float32Array.from(values);
  const factor = Math.fround(scale);
  return Float32Array.from(values, (value) => Math.fround(value - zeroPoint) * factor);
}

/**
 * Probabilities of the labels.
 *
 * @param scores - of one sample: the first output's real values, as the graph answers.
 * @param spec - of a classifier.
 * @returns one for each label. Of a binary model the one output becomes two; raw scores go through softmax, or through
 *   a sigmoid where the model is binary or multi-label.
 */
export function classProbabilities(scores: Float32Array, spec: ModelSpec): Float32Array {
  const raw = spec.activation === "none";
  if (isBinary(spec)) {
    const second = raw ? sigmoid(scores)[0]! : scores[0]!;
    return Float32Array.of(1 - second, second);
  }
  if (!raw) return scores;
  return isMultiLabel(spec) ? sigmoid(scores) : softmax(scores);
}

/**
 * The most probable classes, best first; of equal ones the first class comes first.
 *
 * @param probabilities - from `classProbabilities`.
 * @param top - how many at most. Of a multi-label model only those that reach the threshold.
 * @param language - of names and descriptions, as in `de`; English without one.
 * @returns where no class reaches the model's threshold one prediction, "none of these", with the index -1 and the
 *   probability of the best class, the one that was not enough. So the first one is always what should be believed.
 * @throws EdgeKitError - `top` is no whole number from 1 on.
 */
export function topPredictions(
  probabilities: Float32Array,
  spec: ModelSpec,
  top: number,
  language?: string | null,
): Prediction[] {
  if (!Number.isInteger(top) || top < 1) throw new EdgeKitError(`top is a whole number from 1 on. Got: ${top}.`);
  const multi = isMultiLabel(spec);
  const threshold = spec.confidence_threshold ?? (multi ? DEFAULT_THRESHOLD : null);
  const order = findBest(probabilities, top);
  const best = probabilities[order[0] ?? 0] ?? NaN;
  if (threshold !== null && !(best >= threshold)) {
    return [{ label: NONE_OF_THESE, name: NONE_OF_THESE, description: "", probability: best, index: -1 }];
  }
  return order
    .filter((index) => !multi || threshold === null || probabilities[index]! >= threshold)
    .map((index) => predict(index, probabilities[index]!, spec, language));
}

/** The places of the highest values, the highest first and of equal ones the first; sorting all takes ten times as long. */
function findBest(values: Float32Array, top: number): number[] {
  const best: number[] = [];
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (best.length === top && !(value > values[best.at(-1)!]!)) continue;
    let place = best.length;
    while (place > 0 && value > values[best[place - 1]!]!) place--;
    best.splice(place, 0, index);
    if (best.length > top) best.pop();
  }
  return best;
}

function predict(index: number, probability: number, spec: ModelSpec, language?: string | null): Prediction {
  const label = spec.labels[index] ?? { id: String(index), names: {}, descriptions: {} };
  const [name, description] = [displayName(label, language), describeLabel(label, language)];
  return { label: label.id, name, description, probability, index };
}

/** Probabilities of raw scores of which one is right. */
function softmax(scores: Float32Array): Float32Array {
  const highest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Float64Array.from(scores, (score) => Math.exp(score - highest));
  const total = powers.reduce((a, b) => a + b, 0);
  return Float32Array.from(powers, (power) => power / total);
}

/** Probabilities of raw scores, each on its own. */
function sigmoid(scores: Float32Array): Float32Array {
  return scores.map((score) => 1 / (1 + Math.exp(-score)));
}
