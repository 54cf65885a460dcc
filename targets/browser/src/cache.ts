// Model files kept on the device, by their digest: what another model or an older page of the same site brought is not
// fetched again. Only where the context is secure; elsewhere the browser's own cache has to do.

const NAME = "edgekit-models-1";

/** Of which manifest a file is, so that files that it no longer lists can go. */
const OWNER = "x-edgekit-manifest";

/** The file of this digest, or `null`. Whether it is whole is for the caller to find out. */
export async function readCached(digest: string): Promise<Uint8Array<ArrayBuffer> | null> {
  return quietly(async (cache) => {
    const found = await cache.match(addressOf(digest));
    return found ? new Uint8Array(await found.arrayBuffer()) : null;
  });
}

/** Keeps a file. That there is no room for it is no error. */
export async function writeCached(digest: string, data: Uint8Array<ArrayBuffer>, manifest: string): Promise<void> {
  const headers = { [OWNER]: manifest, "content-type": "application/octet-stream" };
  await quietly(async (cache) => cache.put(addressOf(digest), new Response(data, { headers })));
}

/** Forgets one file. */
export async function dropCached(digest: string): Promise<void> {
  await quietly(async (cache) => cache.delete(addressOf(digest)));
}

/** Forgets a manifest's files but for these. */
export async function keepOnly(digests: ReadonlySet<string>, manifest: string): Promise<void> {
  await quietly(async (cache) => {
    const kept = new Set([...digests].map(addressOf));
    for (const request of await cache.keys()) {
      if (kept.has(request.url)) continue;
      const found = await cache.match(request);
      if (found?.headers.get(OWNER) === manifest) await cache.delete(request);
    }
  });
}

/** Nothing is ever fetched from there. */
function addressOf(digest: string): string {
  return new URL(`/.edgekit/sha256/${digest.toLowerCase()}`, globalThis.location.origin).href;
}

/** `null` where there is no such cache, or it refuses: storage is full, or the user has forbidden it. */
async function quietly<T>(work: (cache: Cache) => Promise<T>): Promise<T | null> {
  if (globalThis.caches === undefined) return null;
  try {
    return await work(await caches.open(NAME));
  } catch {
    return null;
  }
}
