// What a browser tells of the device that it runs on. What it does not tell is null, never a guess.

export interface DeviceReport {
  readonly browser: string;
  readonly platform: string;
  readonly architecture: string | null;
  readonly model: string | null;
  readonly mobile: boolean | null;
  readonly cores: number | null;
  /** Rounded by the browser, and at most 8 in most of them. */
  readonly memory_gib: number | null;
  readonly secure_context: boolean;
  readonly cross_origin_isolated: boolean;
  /** The graphics adapter's name by WebGL; `null` where there is none, or the browser hides it. */
  readonly webgl: string | null;
  readonly webgpu: string | null;
  readonly user_agent: string;
}

interface HighEntropyValues {
  architecture?: string;
  bitness?: string;
  model?: string;
  platformVersion?: string;
  fullVersionList?: { brand: string; version: string }[];
}

/** Newer than TypeScript's own types. */
interface UserAgentData {
  readonly mobile: boolean;
  readonly platform: string;
  getHighEntropyValues(hints: string[]): Promise<HighEntropyValues>;
}

interface ToldNavigator {
  readonly userAgent: string;
  readonly hardwareConcurrency: number;
  readonly userAgentData?: UserAgentData;
  readonly deviceMemory?: number;
  readonly gpu?: { requestAdapter(): Promise<{ info?: Record<string, string> } | null> };
}

/** Looks at this device. */
export async function describeDevice(): Promise<DeviceReport> {
  const told = navigator as unknown as ToldNavigator;
  const hints = ["architecture", "bitness", "model", "platformVersion", "fullVersionList"];
  const values: HighEntropyValues = (await told.userAgentData?.getHighEntropyValues(hints).catch(() => ({}))) ?? {};
  const platform = [told.userAgentData?.platform, values.platformVersion].filter(Boolean).join(" ");
  return {
    browser: browserName(values, told.userAgent),
    platform: platform || platformOf(told.userAgent),
    architecture: architectureOf(values),
    model: values.model || null,
    mobile: told.userAgentData?.mobile ?? null,
    cores: told.hardwareConcurrency || null,
    memory_gib: told.deviceMemory ?? null,
    secure_context: isSecureContext,
    cross_origin_isolated: crossOriginIsolated,
    webgl: describeWebGL(),
    webgpu: await describeWebGPU(told),
    user_agent: told.userAgent,
  };
}

/** The browser's own name, not that of its engine nor the made-up one beside both, which has punctuation in it. */
export function browserName(values: HighEntropyValues, userAgent: string): string {
  const real = (values.fullVersionList ?? []).filter(({ brand }) => /^[\w ]+$/.test(brand) && !/not.*brand/i.test(brand));
  const own = real.find(({ brand }) => brand !== "Chromium") ?? real[0];
  if (own) return `${own.brand} ${own.version}`;
  const known = /(Firefox|FxiOS|CriOS|EdgiOS|OPR|SamsungBrowser|Edg|Chrome|Version)\/([\d.]+)/.exec(userAgent);
  if (!known) return "unknown browser";
  const names: Record<string, string> = { Version: "Safari", FxiOS: "Firefox", CriOS: "Chrome", EdgiOS: "Edge", Edg: "Edge" };
  return `${names[known[1]!] ?? known[1]} ${known[2]}`;
}

function platformOf(userAgent: string): string {
  return /\(([^)]*)\)/.exec(userAgent)?.[1] ?? "unknown system";
}

function architectureOf({ architecture, bitness }: HighEntropyValues): string | null {
  if (!architecture) return null;
  const wide = bitness === "64";
  if (architecture === "x86") return wide ? "x86_64" : "x86";
  return architecture === "arm" && wide ? "arm64" : architecture;
}

function describeWebGL(): string | null {
  const context = document.createElement("canvas").getContext("webgl2");
  if (!context) return null;
  const extension = context.getExtension("WEBGL_debug_renderer_info");
  const name: unknown = context.getParameter(extension ? extension.UNMASKED_RENDERER_WEBGL : context.RENDERER);
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return typeof name === "string" && name ? name : null;
}

async function describeWebGPU({ gpu }: ToldNavigator): Promise<string | null> {
  try {
    const adapter = await gpu?.requestAdapter();
    if (!adapter) return null;
    const { vendor, architecture, device, description } = adapter.info ?? {};
    return description || [vendor, architecture, device].filter(Boolean).join(" ") || "unnamed adapter";
  } catch {
    return null;
  }
}
