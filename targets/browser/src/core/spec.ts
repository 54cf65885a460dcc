// The spec that travels in every artifact (schema 1): what the inputs must be, what the outputs mean. The names are
// those of its JSON, which edgekit/spec.py writes.

export type Task = "image-classification" | "multi-label-classification" | "tensors";
export type Color = "rgb" | "grayscale";
export type ResizeMode = "crop" | "stretch" | "letterbox";
export type Activation = "softmax" | "sigmoid" | "none";

/** What a photo must become before it is an input tensor. */
export interface ImageFormat {
  readonly width: number;
  readonly height: number;
  readonly color: Color;
  readonly resize: ResizeMode;
  /** 0..255, of every channel of the letterbox bars. */
  readonly fill: number;
}

/** One named input or output; `null` in the shape stands for any size, and the batch comes first. */
export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly (number | null)[];
  readonly dtype: string;
  readonly value_range: readonly [number, number] | null;
  readonly image: ImageFormat | null;
}

/** One class: its id and, per locale, a display name and a description. */
export interface Label {
  readonly id: string;
  readonly names: Readonly<Record<string, string>>;
  readonly descriptions: Readonly<Record<string, string>>;
}

export interface ModelSpec {
  readonly schema: number;
  readonly name: string;
  readonly task: Task;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly labels: readonly Label[];
  readonly activation: Activation;
  /** 0..1: where no class reaches it, the answer is "none of these". */
  readonly confidence_threshold: number | null;
}
