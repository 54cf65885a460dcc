// What page and worker say to each other. A request gets one answer, and progress before it.
import type { Benchmark, Prediction, Protocol, Seen } from "../api.ts";
import type { ModelSpec } from "../core/spec.ts";
import type { EngineInfo, EngineName, ModelFormat, TensorInfo, Values } from "../engines/engine.ts";
import type { ModelSource } from "../source.ts";

/** The files of a model, as they travel between page and worker. */
export type FileList = readonly (readonly [path: string, data: Uint8Array<ArrayBuffer>])[];

export interface Fetched {
  readonly files: FileList;
  readonly format: ModelFormat;
  /** SHA-256 of the files' own, by which a model is known again. */
  readonly digest: string;
  readonly milliseconds: number;
}

export interface OpenRequest {
  readonly engine: EngineName;
  readonly name: string;
  readonly files: FileList;
  readonly assets: string;
  /** What fetching took, for the benchmark. */
  readonly downloadMs: number;
  /** Whether this is one engine of several: its speed is measured, and one that a processor imitates is left out. */
  readonly trial: boolean;
}

export interface Trial {
  /** Median of some warm runs, milliseconds. */
  readonly milliseconds: number;
  /** Real values of the first output for the same input in each engine. */
  readonly answer: Float32Array;
}

export interface Opened {
  readonly spec: ModelSpec;
  readonly info: EngineInfo;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly trial: Trial | null;
}

/** Pixels row by row; what is not premultiplied stays so. */
export interface RawPixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** A picture in a form that can be sent. What has to be closed is closed by the worker. */
export type SentPicture =
  | { readonly kind: "blob"; readonly blob: Blob }
  | { readonly kind: "bitmap"; readonly bitmap: ImageBitmap }
  | { readonly kind: "frame"; readonly frame: VideoFrame }
  | ({ readonly kind: "pixels" } & RawPixels);

export interface ClassifyRequest {
  readonly picture: SentPicture;
  readonly top: number;
  readonly language: string | undefined;
}

/** A `Classification` but for the parts of its times that only the page knows. */
export interface Classified {
  readonly predictions: readonly Prediction[];
  readonly decode: number;
  readonly prepare: number;
  readonly run: number;
  readonly read: number;
  readonly seen: Seen;
}

/** Each request's name, what it takes and what it answers. */
export interface Requests {
  fetch: [ModelSource, Fetched];
  open: [OpenRequest, Opened];
  classify: [ClassifyRequest, Classified];
  predict: [Readonly<Record<string, Values>>, Readonly<Record<string, Values>>];
  benchmark: [Partial<Protocol>, Benchmark];
}

export type RequestName = keyof Requests;

/** From the page. */
export type Message = {
  [Name in RequestName]: { readonly id: number; readonly name: Name; readonly value: Requests[Name][0] };
}[RequestName];

/** From the worker. */
export type Reply =
  | { readonly id: number; readonly kind: "answer"; readonly value: unknown }
  | { readonly id: number; readonly kind: "progress"; readonly values: readonly (number | null)[] }
  /** `expected` for an `EdgeKitError`, which is meant for people as it is. */
  | { readonly id: number; readonly kind: "error"; readonly message: string; readonly expected: boolean };
