// manifest.json, which lists a site's models and all files with their digests.
import { EdgeKitError } from "./errors.ts";
import type { ModelFormat } from "./engines/engine.ts";

/** A file of the site; its path is relative to manifest.json. */
export interface SiteFile {
  readonly path: string;
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** One model of the site. */
export interface SiteModel {
  /** As in `flowers.int8.tflite`. */
  readonly id: string;
  readonly format: ModelFormat;
  /** As in `fp32`, `int8`. */
  readonly precision: string;
  /** Of the `.tflite` or the model.json, relative to manifest.json. */
  readonly url: string;
  /** Of all files. */
  readonly bytes: number;
  readonly files: readonly SiteFile[];
}

export interface SiteManifest {
  readonly schema: 1;
  readonly name: string;
  readonly models: readonly SiteModel[];
  /** The absolute address that it was read from. */
  readonly url: string;
}

/**
 * Reads a site's manifest.json.
 *
 * @param get - fetches it, where the platform's own `fetch` would not do.
 * @throws EdgeKitError - it cannot be had, is none, or is of a newer schema.
 */
export async function readManifest(
  url: string | URL,
  signal?: AbortSignal,
  get: typeof fetch = fetch,
): Promise<SiteManifest> {
  const address = new URL(url, globalThis.location?.href);
  address.hash = "";
  let response: Response;
  try {
    // Asked for anew each time: it says which files are today's.
    response = await get(address, { cache: "no-cache", signal: signal ?? null });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof EdgeKitError) throw error;
    throw new EdgeKitError(`${address.href} cannot be fetched. Is the device online?`, { cause: error });
  }
  if (!response.ok) {
    throw new EdgeKitError(`${address.href} cannot be fetched: the server answered ${response.status}.`);
  }
  let document: unknown;
  try {
    document = await response.json();
  } catch {
    throw new EdgeKitError(
      `${address.href} is no JSON. Give the address of a .tflite, of a model.json, or of a site's manifest.json.`,
    );
  }
  return parseManifest(document, address.href);
}

/**
 * Checks what was read.
 *
 * @param url - absolute, of the manifest.
 * @throws EdgeKitError - it is none, or of a newer schema.
 */
export function parseManifest(document: unknown, url: string): SiteManifest {
  const wrong = (what: string) => new EdgeKitError(`${url} is no manifest of EdgeKit: ${what}.`);
  if (!isObject(document)) throw wrong("it is no object");
  if (typeof document.schema === "number" && document.schema > 1) {
    throw new EdgeKitError(`${url} has the schema ${document.schema}, this library knows 1. Export the site again.`);
  }
  if (document.schema !== 1 || !Array.isArray(document.models)) throw wrong("schema or models are missing");
  const models = document.models.map((model: unknown, place) => {
    if (!isModel(model)) throw wrong(`models[${place}] is incomplete`);
    const outside = [model.url, ...model.files.map((file) => file.path)].find((path) => !isBelow(path));
    if (outside !== undefined) throw wrong(`${outside} lies outside of the site`);
    return model;
  });
  return { schema: 1, name: String(document.name ?? ""), models, url };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isModel(value: unknown): value is SiteModel {
  return (
    isObject(value) &&
    typeof value.id === "string" &&
    (value.format === "tfjs" || value.format === "tflite") &&
    typeof value.precision === "string" &&
    typeof value.url === "string" &&
    typeof value.bytes === "number" &&
    Array.isArray(value.files) &&
    value.files.length > 0 &&
    value.files.every(isFile)
  );
}

function isFile(value: unknown): value is SiteFile {
  return (
    isObject(value) &&
    typeof value.path === "string" &&
    typeof value.bytes === "number" &&
    typeof value.sha256 === "string" &&
    /^[0-9a-f]{64}$/i.test(value.sha256)
  );
}

/** Whether a relative path stays below the folder that it starts from. */
function isBelow(path: string): boolean {
  const root = "https://site.invalid/a/";
  try {
    return new URL(path, root).href.startsWith(root) && !/^[a-z][a-z0-9+.-]*:|^[/\\]/i.test(path);
  } catch {
    return false;
  }
}
