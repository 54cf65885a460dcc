// Values into and out of LiteRT's tensor buffers, in WebAssembly's memory or the graphics processor's.
import { EdgeKitError } from "../../errors.ts";
import type { Values } from "../engine.ts";
import { copyValues, type Dtype } from "../tensors.ts";
import type { Deletable, EnumValue, LitertWasm, Requirements, TensorBuffer, TensorType } from "./bindings.ts";
import { takeAll } from "./bindings.ts";

/** Where tensors are made. */
export interface Place {
  readonly wasm: LitertWasm;
  readonly environment: Deletable;
  readonly device: GPUDevice | null;
}

/** One input: the buffer stays, its values are new in every run. */
export interface Input {
  readonly buffer: TensorBuffer;
  write(values: Values): void;
  dispose(): void;
}

/**
 * The buffer of one input.
 *
 * @param type - of the tensor; stays the caller's.
 * @param kinds - the kinds of memory that the model takes it from.
 * @throws EdgeKitError - all of them are unknown.
 */
export function makeInput(place: Place, type: TensorType, kinds: readonly EnumValue[]): Input {
  const { HOST_MEMORY, WEB_GPU_BUFFER_PACKED } = place.wasm.LiteRtTensorBufferType;
  const takes = (kind: EnumValue) => kinds.some(({ value }) => value === kind.value);
  if (takes(HOST_MEMORY)) return makeHostInput(place, type);
  if (place.device && takes(WEB_GPU_BUFFER_PACKED)) return makeGpuInput(place, place.device, type);
  throw new EdgeKitError("LiteRT.js takes the model's input from no memory that is known here. Choose another engine.");
}

/** The kinds of memory that an input may lie in. */
export function readKinds(requirements: Requirements): EnumValue[] {
  const kinds = takeAll(requirements.supportedTypes());
  requirements.delete();
  return kinds;
}

function makeHostInput({ wasm, environment }: Place, type: TensorType): Input {
  const kind = wasm.LiteRtTensorBufferType.HOST_MEMORY;
  const buffer = wasm.LiteRtTensorBuffer.createManaged(environment, kind, type, type.bytes());
  return {
    buffer,
    write(values) {
      const address = buffer.lock(wasm.LiteRtTensorBufferLockMode.WRITE);
      wasm.HEAPU8.set(asBytes(values), address);
      buffer.unlock();
    },
    dispose: () => buffer.delete(),
  };
}

function makeGpuInput({ wasm, environment }: Place, device: GPUDevice, type: TensorType): Input {
  const size = roundUp(type.bytes());
  const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST | GPUBufferUsage.STORAGE;
  const memory = device.createBuffer({ size, usage });
  const id = wasm.WebGPU.importJsBuffer(memory);
  const kind = wasm.LiteRtTensorBufferType.WEB_GPU_BUFFER_PACKED;
  const buffer = wasm.LiteRtTensorBuffer.createFromWebGpuBuffer(environment, type, kind, id, size);
  return {
    buffer,
    write(values) {
      const bytes = asBytes(values);
      const padded = bytes.length === size ? bytes : new Uint8Array(size);
      if (padded !== bytes) padded.set(bytes);
      device.queue.writeBuffer(memory, 0, padded);
    },
    dispose() {
      buffer.delete();
      wasm.wgpuBufferRelease(id);
      memory.destroy();
    },
  };
}

/** The values of an output, whose buffer is freed. */
export async function readOutput(place: Place, buffer: TensorBuffer, dtype: Dtype): Promise<Values> {
  try {
    const bytes = buffer.packedSize();
    if (buffer.isWebGpuMemory()) {
      if (place.device === null) throw new EdgeKitError("The answer lies in a graphics processor's memory.");
      return await readGpu(place.device, place.wasm.WebGPU.getJsObject(buffer.getWebGpuBuffer()), bytes, dtype);
    }
    const address = buffer.lock(place.wasm.LiteRtTensorBufferLockMode.READ);
    try {
      return copyValues(place.wasm.HEAPU8.subarray(address, address + bytes), dtype);
    } finally {
      buffer.unlock();
    }
  } finally {
    buffer.delete();
  }
}

async function readGpu(device: GPUDevice, source: GPUBuffer, bytes: number, dtype: Dtype): Promise<Values> {
  const size = roundUp(bytes);
  const copy = device.createBuffer({ size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(source, 0, copy, 0, size);
  device.queue.submit([encoder.finish()]);
  try {
    await copy.mapAsync(GPUMapMode.READ);
    return copyValues(new Uint8Array(copy.getMappedRange(), 0, bytes), dtype);
  } finally {
    copy.destroy();
  }
}

/** WebGPU copies whole words of 4 bytes. */
function roundUp(bytes: number): number {
  return (bytes + 3) & ~3;
}

function asBytes(values: Values): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
}
