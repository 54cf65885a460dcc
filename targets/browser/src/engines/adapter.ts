// What computes graphics here, and whether it is real.
import { EdgeKitError } from "../errors.ts";
import { firstLine } from "./text.ts";

export interface Adapter {
  /** `null` where the browser hides it. */
  readonly name: string | null;
  /** Whether a processor imitates it. */
  readonly software: boolean;
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render|\bwarp\b/i;

/** Whether an adapter's name is one of the known imitations. */
export function isSoftware(name: string): boolean {
  return SOFTWARE.test(name);
}

interface GpuInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly isFallbackAdapter?: boolean;
}

/** The parts of WebGPU that are used here; TypeScript's DOM does not know them all. */
interface GpuAdapter {
  readonly features: ReadonlySet<string>;
  readonly limits: Readonly<Record<string, number>>;
  readonly isFallbackAdapter?: boolean;
  readonly info?: GpuInfo;
  requestDevice(options: object): Promise<GPUDevice>;
}

/**
 * The adapter that WebGPU would compute with.
 *
 * @throws EdgeKitError - there is none.
 */
export async function findGpu(): Promise<{ adapter: GpuAdapter; described: Adapter }> {
  const gpu = (navigator as { gpu?: { requestAdapter(options: object): Promise<GpuAdapter | null> } }).gpu;
  if (gpu === undefined) {
    const insecure = "WebGPU is only for secure pages (https or localhost)";
    throw new EdgeKitError(`${isSecureContext ? "This browser has no WebGPU" : insecure}. Choose another engine.`);
  }
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
  if (adapter === null) {
    throw new EdgeKitError("WebGPU finds no graphics adapter on this device. Choose another engine.");
  }
  return { adapter, described: describeGpu(adapter) };
}

function describeGpu({ info, isFallbackAdapter }: GpuAdapter): Adapter {
  const parts = info ? [info.description || info.device || info.vendor, info.architecture] : [];
  const name = [...new Set(parts.filter(Boolean))].join(" ") || null;
  const software = isFallbackAdapter === true || info?.isFallbackAdapter === true || isSoftware(name ?? "");
  return { name, software };
}

/** Of a WebGL context. */
export function describeWebgl(gl: WebGLRenderingContext | WebGL2RenderingContext): Adapter {
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  const name = String(gl.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER) ?? "") || null;
  return { name, software: isSoftware(name ?? "") };
}

/**
 * A device with as much as the adapter has of some features and limits.
 *
 * @throws EdgeKitError - the adapter gives none.
 */
export async function openGpu(adapter: GpuAdapter, features: string[], limits: string[]): Promise<GPUDevice> {
  const known = limits.flatMap((name) => (name in adapter.limits ? [[name, adapter.limits[name]]] : []));
  try {
    return await adapter.requestDevice({
      requiredFeatures: features.filter((name) => adapter.features.has(name)),
      requiredLimits: Object.fromEntries(known),
    });
  } catch (error) {
    throw new EdgeKitError(`WebGPU cannot use this device's graphics adapter: ${firstLine(error)}.`);
  }
}
