// An answer in words.
import type { Prediction } from "../src/api.ts";
import type { ModelSpec } from "../src/core/spec.ts";
import { percent } from "./words.ts";

/** How an answer is opened: several things may be true of a multi-label model's picture. */
export function opening(spec: ModelSpec, best: Prediction): string {
  if (best.index < 0) return "Not sure:";
  if (spec.task === "multi-label-classification") return "In this picture";
  return best.probability < 0.5 ? "This might be" : "This looks like";
}

/** `rose, 97.2 %; tulip, 2.1 %`. */
export function inWords(predictions: readonly Prediction[]): string {
  return predictions
    .slice(0, 3)
    .map((one) => (one.index < 0 ? one.name : `${one.name}, ${percent(one.probability)}`))
    .join("; ");
}
