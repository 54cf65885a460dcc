// From an address to the files of a model.
import { EdgeKitError } from "./errors.ts";
import type { EngineName, ModelFormat } from "./engines/engine.ts";
import { FORMATS } from "./engines/engine.ts";
import { readManifest, type SiteModel } from "./manifest.ts";

/** One file that a manifest lists. */
export interface ListedFile {
  /** Below the model's folder, as in `model.json`. */
  readonly path: string;
  readonly url: string;
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** What a manifest says of a model. */
export interface Listed {
  readonly files: readonly ListedFile[];
  /** The manifest's own address. */
  readonly manifest: string;
  /** Of all files of all its models. */
  readonly digests: readonly string[];
}

/** Where a model's files are. */
export interface ModelSource {
  /** What to call it in an error. */
  readonly name: string;
  readonly format: ModelFormat;
  /** Of the `.tflite` or the model.json. */
  readonly url: string;
  /** What the manifest says, where the model was found in one. */
  readonly listed: Listed | null;
}

/**
 * What an address leads to.
 *
 * @param url - absolute; of a `.tflite`, a model.json, or a manifest.json with `#ID` of one of its models. Without an
 *   ID it is the first that the engine runs.
 * @param engine - that the model is for, if one was asked for.
 * @param get - see {@link readManifest}.
 * @throws EdgeKitError - there is no such manifest or model, or the engine does not run it.
 */
export async function findSource(
  url: URL,
  engine: EngineName | undefined,
  signal?: AbortSignal,
  get: typeof fetch = fetch,
): Promise<ModelSource> {
  const format = formatOf(url.pathname);
  const source: ModelSource =
    format === null
      ? await findInManifest(url, engine, signal, get)
      : { name: nameOf(url.pathname), format, url: url.href, listed: null };
  if (engine !== undefined && FORMATS[engine] !== source.format) {
    throw new EdgeKitError(
      `${source.name} is a ${FORMAT_NAMES[source.format]}, which the engine ${engine} does not run. ` +
        `Choose one of: ${enginesOf(source.format).join(", ")}.`,
    );
  }
  return source;
}

/** By the file's name; `null` for what may be a manifest. */
function formatOf(path: string): ModelFormat | null {
  if (path.endsWith(".tflite")) return "tflite";
  return path.endsWith("/model.json") ? "tfjs" : null;
}

/** The engines that run a format. */
export function enginesOf(format: ModelFormat): EngineName[] {
  return (Object.keys(FORMATS) as EngineName[]).filter((engine) => FORMATS[engine] === format);
}

const FORMAT_NAMES: Readonly<Record<ModelFormat, string>> = { tfjs: "TensorFlow.js model", tflite: ".tflite" };

async function findInManifest(
  url: URL,
  engine: EngineName | undefined,
  signal: AbortSignal | undefined,
  get: typeof fetch,
): Promise<ModelSource> {
  const id = decode(url.hash.slice(1));
  const manifest = await readManifest(url, signal, get);
  const ids = manifest.models.map((model) => model.id).join(", ") || "none";
  const fits = (model: SiteModel) => engine === undefined || model.format === FORMATS[engine];
  const model = manifest.models.find(id ? (one) => one.id === id : fits);
  if (model === undefined) {
    const wanted = id ? `no model ${id}` : `no model for the engine ${engine}`;
    throw new EdgeKitError(`${manifest.url} has ${wanted}. Its models: ${ids}.`);
  }
  const folder = model.url.slice(0, model.url.lastIndexOf("/") + 1);
  const files = model.files.map(({ path, bytes, sha256 }) => {
    const inside = path.startsWith(folder) ? path.slice(folder.length) : path;
    return { path: inside, url: new URL(path, manifest.url).href, bytes, sha256 };
  });
  const digests = manifest.models.flatMap((one) => one.files.map((file) => file.sha256));
  return {
    name: model.id,
    format: model.format,
    url: new URL(model.url, manifest.url).href,
    listed: { files, manifest: manifest.url, digests },
  };
}

function nameOf(path: string): string {
  const parts = decode(path).split("/").filter(Boolean);
  const file = parts.at(-1) ?? path;
  return file === "model.json" ? (parts.at(-2) ?? file) : file;
}

/** For people; as it is, where its percent signs stand for nothing. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
