// TensorFlow.js in plain JavaScript: slow, and works everywhere.
import { registerBackend, registerKernel } from "@tensorflow/tfjs-core";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu/dist/backend_cpu.js";
import { kernels } from "virtual:kernels/cpu";
import type { Backend } from "./backend.ts";

export async function register(): Promise<void> {
  const backend = new MathBackendCPU();
  registerBackend("cpu", () => backend);
  for (const kernel of kernels) registerKernel(kernel);
}

export function describe(): Backend {
  return { kernels: "JavaScript", threads: 1, adapter: null, software: false };
}

export async function registerRest(): Promise<void> {
  const { kernels } = await import("virtual:kernels/cpu/rest");
  for (const kernel of kernels) registerKernel(kernel);
}
