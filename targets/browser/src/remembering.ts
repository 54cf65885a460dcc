// Which engine was the fastest for a model on this device.
import type { EngineName } from "./engines/engine.ts";
import { VERSION } from "./version.ts";

export interface Remembered {
  readonly engine: EngineName;
  /** Median of its warm runs, milliseconds. */
  readonly ms: number;
}

/** What the choice depends on, other than the device itself. */
export interface Circumstances {
  /** SHA-256 of the model, 64 hexadecimal digits. */
  readonly digest: string;
  /** Which has the browser's version. */
  readonly userAgent: string;
  /** With it there are threads. */
  readonly crossOriginIsolated: boolean;
}

/** Those of this page. */
export function circumstancesHere(digest: string): Circumstances {
  return { digest, userAgent: navigator.userAgent, crossOriginIsolated: globalThis.crossOriginIsolated === true };
}

const PREFIX = "edgekit:engine:";

/** As many models as are remembered; the oldest go first. */
const MOST = 50;

/** The engine that was the fastest, or `null` where nobody knows. */
export function recall(where: Circumstances, storage: Storage | null = findStorage()): Remembered | null {
  try {
    const found: unknown = JSON.parse(storage?.getItem(PREFIX + where.digest) ?? "null");
    if (typeof found !== "object" || found === null || !("of" in found) || found.of !== fingerprint(where)) return null;
    const { engine, ms } = found as unknown as Remembered;
    return typeof engine === "string" && typeof ms === "number" ? { engine, ms } : null;
  } catch {
    return null;
  }
}

/** Remembers it; does nothing where nothing can be stored. */
export function remember(where: Circumstances, what: Remembered, storage: Storage | null = findStorage()): void {
  try {
    storage?.setItem(PREFIX + where.digest, JSON.stringify({ ...what, of: fingerprint(where), at: Date.now() }));
    if (storage) forgetOldest(storage);
  } catch {
    // Storage is full or forbidden: the next page tries again.
  }
}

/** Forgets what is known of a model. */
export function forget(where: Circumstances, storage: Storage | null = findStorage()): void {
  try {
    storage?.removeItem(PREFIX + where.digest);
  } catch {
    // as above
  }
}

function fingerprint({ userAgent, crossOriginIsolated }: Circumstances): string {
  return `${VERSION} ${crossOriginIsolated ? "isolated" : "shared"} ${userAgent}`;
}

function forgetOldest(storage: Storage): void {
  const keys = Array.from({ length: storage.length }, (_, place) => storage.key(place)).filter(
    (key): key is string => key?.startsWith(PREFIX) === true,
  );
  const age = (key: string): number => Number(JSON.parse(storage.getItem(key) ?? "{}").at ?? 0);
  keys.sort((one, other) => age(one) - age(other));
  for (const key of keys.slice(0, -MOST)) storage.removeItem(key);
}

/** `null` where the browser has none or refuses it, as to a frame of another site. */
function findStorage(): Storage | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}
