// What an engine is: tensors in, tensors out. It knows nothing of photos or labels.

/** TensorFlow.js on WebAssembly, WebGL, WebGPU or plain JavaScript; LiteRT.js on WebAssembly or WebGPU. */
export type EngineName = "wasm" | "webgl" | "webgpu" | "cpu" | "litert-wasm" | "litert-webgpu";

/** The format of the artifacts that an engine runs. */
export type ModelFormat = "tfjs" | "tflite";

export const FORMATS: Readonly<Record<EngineName, ModelFormat>> = {
  wasm: "tfjs",
  webgl: "tfjs",
  webgpu: "tfjs",
  cpu: "tfjs",
  "litert-wasm": "tflite",
  "litert-webgpu": "tflite",
};

export type Values = Float32Array | Int32Array | Uint8Array | Int8Array;

/** One input or output; -1 stands for a dimension of any size. */
export interface TensorInfo {
  readonly name: string;
  readonly shape: readonly number[];
  /** NumPy's name, as in `uint8`. */
  readonly dtype: string;
  /** real value = scale * (stored value - zeroPoint); `null` for a tensor that is not quantized. */
  readonly scale: number | null;
  readonly zeroPoint: number;
}

/** What ran a model; stands in every result, since kernels differ in their numbers. */
export interface EngineInfo {
  readonly name: EngineName;
  /** Package and version, as in `@tensorflow/tfjs-core 4.22.0`. */
  readonly version: string;
  /** The implementation that really runs, as in `wasm-simd, 4 threads` or `WebGPU`. */
  readonly kernels: string;
  readonly threads: number;
  /** The graphics adapter's name, where one is used and tells it. */
  readonly adapter: string | null;
  /** Whether a processor imitates the graphics adapter (SwiftShader, llvmpipe): its times say nothing. */
  readonly software: boolean;
}

/** One run: the outputs, and where its time went, in milliseconds. */
export interface Run<Value = Values> {
  readonly outputs: Readonly<Record<string, Value>>;
  /** Until the answer is computed; what only starts work counts with the reading. */
  readonly runMs: number;
  /** Reading the answer back. */
  readonly readMs: number;
}

export interface Engine {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly info: EngineInfo;

  /**
   * Runs the model once, batch 1.
   *
   * @param inputs - stored values for each input's name; a `Uint8Array` may stand for any other dtype.
   */
  run(inputs: Readonly<Record<string, Values>>): Promise<Run>;

  /** Frees the model's memory. A second call does nothing. */
  dispose(): void;
}

/** The files of one artifact, by their path below its folder: `model.json` and its shards, or the one `.tflite`. */
export type ModelFiles = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** How an engine is opened. Each is a module of its own, imported when it is chosen. */
export interface EngineModule {
  /**
   * @param name - of the engine.
   * @param files - of the model, of the engine's format.
   * @param assets - where the engine's WebAssembly lies, an absolute address that ends in a slash.
   * @throws EdgeKitError - it does not work on this device, or cannot run the model; the message says why.
   */
  open(name: EngineName, files: ModelFiles, assets: string): Promise<Engine>;
}
