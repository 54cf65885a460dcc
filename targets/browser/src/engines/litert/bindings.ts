// The functions of LiteRT.js' WebAssembly that are used here. @litertjs/core has a library over them, too, but that
// takes no int8 tensors, loads with a classic script's means and falls back to another engine in silence.

export interface Deletable {
  delete(): void;
}

/** A value of a C++ enumeration. */
export interface EnumValue {
  readonly value: number;
}

export interface Vector<T> extends Deletable {
  size(): number;
  get(index: number): T;
  push_back(value: T): void;
}

export interface TensorType extends Deletable {
  elementType(): EnumValue;
  layout(): Deletable & { dimensions(): Vector<number> };
  bytes(): number;
}

export interface Requirements extends Deletable {
  supportedTypes(): Vector<EnumValue>;
}

export interface TensorBuffer extends Deletable {
  /** The address in the memory. */
  lock(mode: EnumValue): number;
  unlock(): void;
  isWebGpuMemory(): boolean;
  getWebGpuBuffer(): number;
  packedSize(): number;
}

export interface Signature extends Deletable {
  inputNames(): Vector<string>;
  outputNames(): Vector<string>;
}

export interface LoadedModel extends Deletable {
  getNumSignatures(): number;
  getSignature(signature: number): Signature;
  getInputTensorType(signature: number, index: number): TensorType;
  getOutputTensorType(signature: number, index: number): TensorType;
}

export interface CompiledModel extends Deletable {
  getInputBufferRequirements(signature: number, index: number): Requirements;
  run(signature: number, inputs: TensorBuffer[]): TensorBuffer[] | Promise<TensorBuffer[]>;
  isFullyAccelerated(): boolean;
}

export interface CompileOptions {
  readonly environment: { readonly liteRtEnvironment: Deletable; readonly webGpuDevice: GPUDevice | null };
  readonly accelerator: "wasm" | "webgpu";
  readonly cpuOptions: { readonly numThreads: number };
  readonly gpuOptions: { readonly precision?: "fp16" | "fp32" };
  readonly webNNOptions: object;
}

export interface LitertWasm {
  readonly HEAPU8: Uint8Array<ArrayBuffer>;
  readonly LiteRtEnvironment: { create(device: GPUDevice | null): Deletable };
  readonly LiteRtTensorBuffer: {
    createManaged(environment: Deletable, kind: EnumValue, type: TensorType, bytes: number): TensorBuffer;
    createFromWebGpuBuffer(
      environment: Deletable,
      type: TensorType,
      kind: EnumValue,
      buffer: number,
      bytes: number,
    ): TensorBuffer;
  };
  readonly LiteRtTensorBufferType: Readonly<Record<"HOST_MEMORY" | "WEB_GPU_BUFFER_PACKED", EnumValue>>;
  readonly LiteRtTensorBufferLockMode: Readonly<Record<"READ" | "WRITE", EnumValue>>;
  readonly WebGPU: { getJsObject(id: number): GPUBuffer; importJsBuffer(buffer: GPUBuffer): number };
  readonly PThread?: { terminateAllThreads(): void };
  setupLogging(): void;
  loadModel(environment: Deletable, address: number, bytes: number): LoadedModel;
  compileModel(
    environment: Deletable,
    model: LoadedModel,
    options: CompileOptions,
  ): CompiledModel | Promise<CompiledModel>;
  wgpuBufferRelease(buffer: number): void;
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/** LiteRT's element types (litert_model_types.h) by NumPy's names. */
export const ELEMENT_TYPES: Readonly<Record<number, string>> = {
  1: "float32",
  2: "int32",
  3: "uint8",
  4: "int64",
  5: "str",
  6: "bool",
  7: "int16",
  9: "int8",
  10: "float16",
  11: "float64",
  16: "uint32",
  17: "uint16",
};

/** The values of a C++ vector, which is freed. */
export function takeAll<T>(vector: Vector<T>): T[] {
  const values = Array.from({ length: vector.size() }, (_, index) => vector.get(index));
  vector.delete();
  return values;
}
