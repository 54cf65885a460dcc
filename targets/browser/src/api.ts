// What the library offers; src/index.ts exports it.
import type { EngineInfo, EngineName, TensorInfo, Values } from "./engines/engine.ts";
import type { ModelSpec } from "./core/spec.ts";

export interface LoadOptions {
  /** The engine; by default the fastest of those that work on this device, found by trying, and remembered. */
  engine?: EngineName;
  /** Called while files arrive: bytes so far, and all bytes (`null` where the server does not say). */
  onProgress?: (loaded: number, total: number | null) => void;
  /** The folder of the engines' WebAssembly; by default `wasm/` of the built library. */
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

/** A picture as the network saw it. */
export interface Seen {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Grey or RGB, row by row. */
  readonly pixels: Uint8Array;
}

export interface Classification {
  readonly predictions: readonly Prediction[];
  readonly times: Times;
  readonly seen: Seen;
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
  /** Fetching the model, or reading it from the cache. */
  readonly download_ms: number;
  /** Fetching and starting the engine, and compiling the model. */
  readonly load_ms: number;
  /** The first run, when many engines compile what they need. */
  readonly first_call_ms: number;
  readonly protocol: Protocol;
  /** Of warm runs on a ready tensor, from its handing over to the answer that was read back. */
  readonly latency: LatencyStats;
  /** The part of each run that reading the answer back took. */
  readonly read: LatencyStats;
  /** Of each warm run in turn, milliseconds, with the reading. */
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

  /**
   * Finds the most probable classes of a picture, or of what a video or canvas shows now.
   *
   * Photos wait for one another. Frames of a video are dropped, never queued: with an `HTMLVideoElement` or a
   * `VideoFrame`, a call while the model is at work answers `null`. The caller's picture stays usable.
   *
   * @throws EdgeKitError - the picture cannot be read, or the model is no image classifier.
   */
  classify(picture: Picture, options?: ClassifyOptions): Promise<Classification | null>;
  /**
   * Runs on raw tensors of batch 1: stored values by each input's name, and by each output's. A `Uint8Array` of pixels
   * may stand for any other dtype.
   *
   * @throws EdgeKitError - a wrong name or size; the message says what is expected.
   */
  predict(inputs: Readonly<Record<string, Values>>): Promise<Readonly<Record<string, Values>>>;
  /**
   * Measures warm runs on a ready tensor in the worker; fetching, starting and the first run are told apart.
   *
   * @param protocol - in place of single numbers of EdgeKit's own protocol.
   * @param onProgress - the share that is done, 0..1.
   * @throws EdgeKitError - the protocol makes no sense.
   */
  benchmark(protocol?: Partial<Protocol>, onProgress?: (share: number) => void): Promise<Benchmark>;
  /** Ends the worker and frees all memory; what still waits is rejected. */
  dispose(): void;
}

/**
 * Loads a model into a worker of its own.
 *
 * Files that a site's manifest lists are checked against it and kept in the browser's cache.
 *
 * @param url - of a `.tflite`, of the `model.json` of a TensorFlow.js model, or of a site's `manifest.json`, then with
 *   `#ID` of one of its models; without one it is the first that `engine` runs.
 * @throws EdgeKitError - it cannot be fetched, is broken or not what the manifest lists, or no engine runs it here.
 */
export type Load = (url: string | URL, options?: LoadOptions) => Promise<Model>;
