// What a spec means, and what makes it valid: the properties of `ModelSpec` in edgekit/spec.py, and edgekit/specrules.py.
import type { ImageFormat, ModelSpec } from "./spec.ts";

/** The largest width or height of an input image: JPEG's own limit. */
const MAX_SIDE = 65_535;

/** Size of the first output's last dimension; `null` where the spec does not say. */
export function countClasses(spec: ModelSpec): number | null {
  const shape = spec.outputs[0]!.shape;
  return shape.length > 1 ? (shape.at(-1) ?? null) : null;
}

/** Whether it answers one probability for each label. */
export function isClassifier(spec: ModelSpec): boolean {
  if (spec.task !== "tensors") return true;
  const oneOfEach = spec.inputs.length === 1 && spec.outputs.length === 1;
  return spec.labels.length > 0 && oneOfEach && spec.outputs[0]!.shape.length === 2;
}

/** Whether two labels share one output: the probability (or score) of the second. */
export function isBinary(spec: ModelSpec): boolean {
  if (spec.task === "multi-label-classification" || spec.activation === "softmax") return false;
  return countClasses(spec) === 1 && spec.labels.length === 2;
}

/** Whether any number of labels can be true, each output being the probability of its own. */
export function isMultiLabel(spec: ModelSpec): boolean {
  if (spec.task === "tensors") return isClassifier(spec) && spec.activation === "sigmoid" && !isBinary(spec);
  return spec.task === "multi-label-classification";
}

/** What is wrong with a spec, as the end of a sentence, or `null`. */
export function findProblem(spec: ModelSpec): string | null {
  if (["", ".", ".."].includes(spec.name) || /[/\\\0]/.test(spec.name)) return "its name cannot be the name of a file";
  if (spec.inputs.length === 0 || spec.outputs.length === 0) return "it needs at least one input and one output";
  const problem = findTaskProblem(spec) ?? findLabelProblem(spec);
  if (problem) return problem;
  for (const { name, image, value_range: bounds } of [...spec.inputs, ...spec.outputs]) {
    const wrong = image && findImageProblem(image);
    if (wrong) return wrong;
    if (bounds && bounds[0] > bounds[1]) return `the value range of ${name} is not two finite numbers, the smaller first`;
  }
  const threshold = spec.confidence_threshold;
  if (threshold !== null && !(threshold >= 0 && threshold <= 1)) {
    return `the confidence threshold ${threshold} is not in 0..1`;
  }
  return null;
}

function findImageProblem({ width, height, fill }: ImageFormat): string | null {
  if (Math.min(width, height) < 1 || Math.max(width, height) > MAX_SIDE) {
    return `the image size ${width}x${height} is not in 1..${MAX_SIDE}`;
  }
  return fill < 0 || fill > 255 ? `the letterbox fill ${fill} is not in 0..255` : null;
}

function findTaskProblem(spec: ModelSpec): string | null {
  if (spec.task === "tensors") return null;
  if (!spec.inputs[0]!.image) return "an image classifier's first input needs an image format";
  if (spec.task === "multi-label-classification" && spec.activation === "softmax") {
    return "of a multi-label classifier's outputs any can be 1, which a softmax does not allow";
  }
  return null;
}

function findLabelProblem(spec: ModelSpec): string | null {
  if (!isClassifier(spec)) return null;
  const count = spec.labels.length;
  if (new Set(spec.labels.map((label) => label.id)).size !== count) return "two labels have the same id";
  const classes = countClasses(spec);
  if (count && !isBinary(spec) && classes !== null && classes !== count) {
    return `it has ${count} labels for ${classes} classes`;
  }
  return null;
}
