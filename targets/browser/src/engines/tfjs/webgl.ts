// TensorFlow.js on WebGL.
import { env, registerBackend, registerKernel } from "@tensorflow/tfjs-core";
import { MathBackendWebGL } from "@tensorflow/tfjs-backend-webgl/dist/backend_webgl.js";
import { kernels } from "virtual:kernels/webgl";
import { EdgeKitError } from "../../errors.ts";
import { type Adapter, describeWebgl } from "../adapter.ts";
import { firstLine } from "../text.ts";
import type { Backend } from "./backend.ts";

let adapter: Adapter = { name: null, software: false };
let lost: Promise<never> = new Promise(() => {});

export async function register(): Promise<void> {
  let backend: MathBackendWebGL;
  try {
    backend = new MathBackendWebGL();
  } catch (error) {
    throw new EdgeKitError(`WebGL does not work here (${firstLine(error)}). Choose another engine.`);
  }
  const { gl } = backend.getGPGPUContext();
  adapter = describeWebgl(gl);
  lost = new Promise((_, reject) => {
    const gone = "The browser has lost the graphics processor: its driver ended, or the device slept. Load the model again.";
    gl.canvas.addEventListener("webglcontextlost", () => reject(new EdgeKitError(gone)));
  });
  lost.catch(() => {}); // nobody may be waiting
  registerBackend("webgl", () => backend);
  for (const kernel of kernels) registerKernel(kernel);
}

export function describe(): Backend {
  // Numbers of 16 bits are all that some phones compute with.
  const half = env().getBool("WEBGL_RENDER_FLOAT32_ENABLED") ? "" : ", 16-bit floats";
  const kernels = `WebGL ${env().getNumber("WEBGL_VERSION")}${half}`;
  return { kernels, threads: 1, adapter: adapter.name, software: adapter.software };
}

/** What TensorFlow.js waits for on a lost context never comes. */
export function whenLost(): Promise<never> {
  return lost;
}

export async function registerRest(): Promise<void> {
  const { kernels } = await import("virtual:kernels/webgl/rest");
  for (const kernel of kernels) registerKernel(kernel);
}
