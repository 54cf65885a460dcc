// TensorFlow.js on WebGPU. Its own start-up fails without a reason where there is no adapter, so the device is made
// here.
import { registerBackend, registerKernel } from "@tensorflow/tfjs-core";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu/dist/backend_webgpu.js";
import "@tensorflow/tfjs-backend-webgpu/dist/flags_webgpu.js";
import { kernels } from "virtual:kernels/webgpu";
import { type Adapter, findGpu, openGpu } from "../adapter.ts";
import type { Backend } from "./backend.ts";

/** Whatever the adapter has of these; the backend's own start-up asks for them, too (base.ts). */
const LIMITS = [
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
];

let described: Adapter = { name: null, software: false };

export async function register(): Promise<void> {
  const { adapter, described: found } = await findGpu();
  described = found;
  const device = await openGpu(adapter, [], LIMITS);
  const backend = new WebGPUBackend(device, adapter.info as GPUAdapterInfo);
  registerBackend("webgpu", () => backend);
  for (const kernel of kernels) registerKernel(kernel);
}

export function describe(): Backend {
  return { kernels: "WebGPU", threads: 1, adapter: described.name, software: described.software };
}

export async function registerRest(): Promise<void> {
  const { kernels } = await import("virtual:kernels/webgpu/rest");
  for (const kernel of kernels) registerKernel(kernel);
}
