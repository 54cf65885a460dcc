// What the library offers; src/index.ts exports it.
import type { EngineInfo, EngineName, TensorInfo, Values } from "./engines/engine.ts";
import type { ModelSpec } from "./core/spec.ts";

export interface LoadOptions {
  /** The engine; by default the fastest of those that work on this device, found by trying, and remembered. */
  engine?: EngineName;
  /** Called while files arrive: bytes so far, and all bytes (`null` where the server does not say). */
  onProgress?: (loaded: number, total: number | null) => void;
  /** Where the library's own files (worker, WebAssembly) lie; by default beside the library. */
  assets?: string;
  /** Cancels loading. */
  signal?: AbortSignal;
}

export type Picture =
  | Blob
  | ImageBitmap
  | ImageData
  | HTMLImageElement
  | HTMLVideoElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | VideoFrame;

/** One class with its probability. */
export interface Prediction {
  readonly label: string;
  /** What to show to a person, in the page's language. */
  readonly name: string;
  readonly description: string;
  /** 0..1. */
  readonly probability: number;
  /** The class's place among the labels; -1 for "none of these". */
  readonly index: number;
}

/** Where the time of one classification went, in milliseconds. */
export interface Times {
  /** Decoding, or reading the pixels of a video or canvas. */
  readonly decode: number;
  /** Orientation, crop and the one resize. */
  readonly prepare: number;
  readonly run: number;
  /** Reading the answer back. */
  readonly read: number;
  /** From call to answer, the way to the worker and back included. */
  readonly total: number;
}

export interface Classification {
  readonly predictions: readonly Prediction[];
  readonly times: Times;
  /** RGB or grey bytes as the network saw them, row by row. */
  readonly seen: { readonly width: number; readonly height: number; readonly channels: 1 | 3; readonly pixels: Uint8Array };
}

export interface ClassifyOptions {
  /** How many classes, 5 by default. */
  top?: number;
  /** Of names and descriptions, as in `de`; by default the page's. */
  language?: string;
}

/** As `LatencyProtocol` of edgekit/measure/latency.py, in the same words. */
export interface Protocol {
  readonly warmup_runs: number;
  readonly warmup_seconds: number;
  readonly min_runs: number;
  readonly min_seconds: number;
  readonly max_seconds: number;
}

/** As `LatencyStats` of edgekit/measure/latency.py, in milliseconds. */
export interface LatencyStats {
  readonly runs: number;
  readonly seconds: number;
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p50_low: number;
  readonly p50_high: number;
  readonly first_third_p50: number;
  readonly last_third_p50: number;
}

export interface Benchmark {
  readonly engine: EngineInfo;
  readonly download_ms: number;
  readonly load_ms: number;
  readonly first_call_ms: number;
  readonly protocol: Protocol;
  readonly latency: LatencyStats;
  /** Reading the answer back, in its own right. */
  readonly read: LatencyStats;
  /** Of each run in turn, milliseconds. */
  readonly durations: readonly number[];
  readonly valid: boolean;
  /** Why the times should not be trusted: software rendering, a tab in the background, ... */
  readonly reasons: readonly string[];
  readonly secure_context: boolean;
  readonly cross_origin_isolated: boolean;
  readonly user_agent: string;
}

export interface Model {
  readonly spec: ModelSpec;
  readonly engine: EngineInfo;
  /** Why this engine: those that were tried, with their milliseconds or their reason. */
  readonly tried: readonly { readonly engine: EngineName; readonly ms: number | null; readonly reason: string }[];
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];

  /** Of a video, frames are dropped, never queued: a call while one runs answers `null`. */
  classify(picture: Picture, options?: ClassifyOptions): Promise<Classification | null>;
  /** Runs on raw tensors, stored values. */
  predict(inputs: Readonly<Record<string, Values>>): Promise<Readonly<Record<string, Values>>>;
  benchmark(protocol?: Partial<Protocol>, onProgress?: (share: number) => void): Promise<Benchmark>;
  dispose(): void;
}

/**
 * Loads a model.
 *
 * @param url - of a `.tflite`, of the `model.json` of a TensorFlow.js model, or of a site's `manifest.json`, then with
 *   `#ID` of one of its models.
 */
export type Load = (url: string | URL, options?: LoadOptions) => Promise<Model>;
