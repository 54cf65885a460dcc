// Model files kept on the device, by their digest, for each manifest apart: what another model or an older page of a
// site brought is not fetched again, and no other site takes it away. Only where the context is secure; elsewhere the
// browser's own cache has to do.

/** The name of the cache with the files that a manifest lists. */
export function modelCache(manifest: string): string {
  return `edgekit-models ${manifest}`;
}

/** The file of this digest, or `null`. Whether it is whole is for the caller to find out. */
export async function readCached(manifest: string, digest: string): Promise<Uint8Array<ArrayBuffer> | null> {
  return quietly(manifest, async (cache) => {
    const found = await cache.match(addressOf(digest));
    return found ? new Uint8Array(await found.arrayBuffer()) : null;
  });
}

/** Keeps a file, in place of a damaged one. That there is no room for it is no error. */
export async function writeCached(manifest: string, digest: string, data: Uint8Array<ArrayBuffer>): Promise<void> {
  await quietly(manifest, async (cache) => cache.put(addressOf(digest), new Response(data)));
}

/** Forgets all files but these. */
export async function keepOnly(manifest: string, digests: readonly string[]): Promise<void> {
  await quietly(manifest, async (cache) => {
    const kept = new Set(digests.map(addressOf));
    for (const { url } of await cache.keys()) if (!kept.has(url)) await cache.delete(url);
  });
}

/** Nothing is ever fetched from there. */
function addressOf(digest: string): string {
  return new URL(`/.edgekit/sha256/${digest.toLowerCase()}`, globalThis.location.origin).href;
}

/** `null` where there is no such cache, or it refuses: storage is full, or the user has forbidden it. */
async function quietly<T>(manifest: string, work: (cache: Cache) => Promise<T>): Promise<T | null> {
  if (globalThis.caches === undefined) return null;
  try {
    return await work(await caches.open(modelCache(manifest)));
  } catch {
    return null;
  }
}
