// Fetching a model's files: with progress, from the cache where they are there, checked against the manifest.
import { keepOnly, readCached, writeCached } from "./cache.ts";
import { checkDigest, sha256 } from "./core/digest.ts";
import { EdgeKitError } from "./errors.ts";
import { readModel } from "./reading.ts";
import type { Listed, ListedFile, ModelSource } from "./source.ts";
import type { Fetched } from "./worker/protocol.ts";

type Data = Uint8Array<ArrayBuffer>;
type OnProgress = (loaded: number, total: number | null) => void;

/**
 * Fetches all files of a model.
 *
 * @param onProgress - bytes so far, and all; `null` where nobody tells.
 * @throws EdgeKitError - a file cannot be had, or is not the one that the manifest lists.
 */
export async function fetchModel(source: ModelSource, onProgress: OnProgress): Promise<Fetched> {
  const begin = performance.now();
  const progress = countProgress(onProgress);
  const { listed } = source;
  const files = listed === null ? await fetchUnlisted(source, progress) : await fetchListed(listed, progress);
  if (listed !== null) void keepOnly(listed.manifest, listed.digests);
  const digest = await digestOf(files, listed?.files ?? null);
  return { files, format: source.format, digest, milliseconds: performance.now() - begin };
}

function fetchListed({ files, manifest }: Listed, progress: Progress): Promise<(readonly [string, Data])[]> {
  const counts = files.map((file) => progress.add(file.bytes));
  return Promise.all(
    files.map(async (file, place) => [file.path, await fetchFile(file, manifest, counts[place]!)] as const),
  );
}

async function fetchFile(file: ListedFile, manifest: string, count: Count): Promise<Data> {
  const kept = await readCached(manifest, file.sha256);
  // Storage can be damaged, too.
  if (kept !== null && (await sha256(kept)) === file.sha256.toLowerCase()) {
    count.loaded(kept.length);
    return kept;
  }
  const data = await download(file.url, count);
  await checkDigest(data, file.sha256, file.url);
  await writeCached(manifest, file.sha256, data);
  return data;
}

/** A `.tflite`, or a model.json and the weights that it names. */
async function fetchUnlisted(source: ModelSource, progress: Progress): Promise<[string, Data][]> {
  if (source.format === "tflite") return [[source.name, await download(source.url, progress.add(null))]];
  const weights = progress.add(null); // unknown until model.json has come
  const json = await download(source.url, progress.add(null));
  const { shards } = await readModel("tfjs", json, source.url);
  const counts = shards.map(() => progress.add(null));
  weights.size(0);
  const files = shards.map(async (shard, place): Promise<[string, Data]> => {
    return [shard, await download(new URL(shard, source.url).href, counts[place]!)];
  });
  return [["model.json", json], ...(await Promise.all(files))];
}

/** The bytes at an address. */
async function download(url: string, count: Count): Promise<Data> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    if (error instanceof EdgeKitError) throw error;
    throw new EdgeKitError(`${url} cannot be fetched. Is the device online, and the server's address right?`, {
      cause: error,
    });
  }
  if (!response.ok) throw new EdgeKitError(`${url} cannot be fetched: the server answered ${response.status}.`);
  // Of a compressed file the header tells the compressed size.
  const length = response.headers.has("content-encoding") ? null : response.headers.get("content-length");
  if (length !== null) count.size(Number(length));
  try {
    return await readAll(response, count);
  } catch (error) {
    throw new EdgeKitError(`${url} broke off while it was fetched. Try again.`, { cause: error });
  }
}

async function readAll(response: Response, count: Count): Promise<Data> {
  if (response.body === null) return new Uint8Array(await response.arrayBuffer());
  const reader = response.body.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    size += value.length;
    count.loaded(size);
  }
  const data = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  return data;
}

/** The bytes of one file. */
interface Count {
  /** All of them, once that is known. */
  size(bytes: number): void;
  /** Those that are there. */
  loaded(bytes: number): void;
}

interface Progress {
  /** One more file; `null` where its size is not known yet. */
  add(size: number | null): Count;
}

function countProgress(onProgress: OnProgress): Progress {
  const files: { size: number | null; loaded: number }[] = [];
  const tell = (): void => {
    let [loaded, total]: [number, number | null] = [0, 0];
    for (const file of files) {
      loaded += file.loaded;
      total = total === null || file.size === null ? null : total + Math.max(file.size, file.loaded);
    }
    onProgress(loaded, total);
  };
  return {
    add(size) {
      const file = { size, loaded: 0 };
      files.push(file);
      return {
        size: (bytes) => void (file.size = bytes),
        loaded(bytes) {
          file.loaded = bytes;
          tell();
        },
      };
    },
  };
}

/** One digest for all files: that of the one `.tflite`, else of the files' names and digests. */
async function digestOf(
  files: readonly (readonly [string, Data])[],
  listed: readonly ListedFile[] | null,
): Promise<string> {
  const digests = await Promise.all(
    files.map(async ([path, data], place) => [path, listed?.[place]?.sha256 ?? (await sha256(data))] as const),
  );
  if (digests.length === 1) return digests[0]![1].toLowerCase();
  const lines = digests.map(([path, digest]) => `${digest.toLowerCase()}  ${path}\n`).sort();
  return sha256(new TextEncoder().encode(lines.join("")));
}
