// load(): from an address to a model in the fastest engine that works.
import type { Load, LoadOptions } from "./api.ts";
import { type Connection, connect } from "./connection.ts";
import type { EngineName } from "./engines/engine.ts";
import { EdgeKitError } from "./errors.ts";
import { createModel, type Tried } from "./model.ts";
import { type Candidate, explainNone, findFastest, findWrongAnswer, listCandidates, type Surroundings } from "./picking.ts";
import { circumstancesHere, forget, recall, remember } from "./remembering.ts";
import { findSource, type ModelSource } from "./source.ts";
import { startWorker } from "./worker/start.ts";
import type { Fetched, Opened } from "./worker/protocol.ts";

/** An engine that is slower to start than this many milliseconds is given up where another one works. */
const PATIENCE = 30_000;

/** Starts workers, one for each engine that is tried: an engine that hangs or crashes takes nothing else with it. */
interface Workers {
  start(): Connection;
  readonly signal: AbortSignal | undefined;
}

/** A model whose files are here. */
interface Ready extends Fetched {
  readonly source: ModelSource;
  readonly assets: string;
}

/** An engine that runs the model. */
interface Running {
  readonly connection: Connection;
  readonly opened: Opened;
}

export const load: Load = async (url, options = {}) => {
  const { engine, onProgress, signal } = options;
  signal?.throwIfAborted();
  const started = new Set<Connection>();
  const workers: Workers = {
    signal,
    start() {
      const connection = connect(startWorker());
      started.add(connection);
      return connection;
    },
  };
  const closeAll = (reason?: unknown): void => started.forEach((connection) => connection.close(reason));
  const abort = (): void => closeAll(signal?.reason);
  signal?.addEventListener("abort", abort);
  try {
    const source = await findSource(new URL(url, globalThis.location.href), engine, signal);
    signal?.throwIfAborted();
    const connection = workers.start();
    const tell = (loaded: number | null = 0, total: number | null = null): void => onProgress?.(loaded ?? 0, total);
    const fetched = await connection.ask("fetch", source, [], tell);
    const ready: Ready = { ...fetched, source, assets: findAssets(options) };
    const [running, tried] = engine
      ? [await open(connection, engine, ready, false), [{ engine, ms: null, reason: "asked for" }]]
      : await openFastest(connection, ready, workers);
    return createModel(running.connection, running.opened, tried);
  } catch (error) {
    closeAll();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
};

/** The engine that was the fastest before; where none is known, or it fails now, the fastest of all. */
async function openFastest(connection: Connection, ready: Ready, workers: Workers): Promise<[Running, Tried[]]> {
  const here = circumstancesHere(ready.digest);
  const known = recall(here);
  if (known !== null) {
    try {
      const running = await open(connection, known.engine, ready, false);
      return [running, [{ engine: known.engine, ms: known.ms, reason: "the fastest when all were tried" }]];
    } catch {
      workers.signal?.throwIfAborted();
      connection.close();
      forget(here);
      connection = workers.start();
    }
  }
  const [running, tried] = await tryAll(connection, ready, workers);
  const { engine, ms } = tried.find((one) => one.engine === running.opened.info.name)!;
  // Plain JavaScript is nobody's choice: whatever kept the others from working may have gone next time.
  if (ms !== null && engine !== "cpu") remember(here, { engine, ms });
  return [running, tried];
}

async function tryAll(connection: Connection, ready: Ready, workers: Workers): Promise<[Running, Tried[]]> {
  const { first, last, without } = listCandidates(ready.format, surroundings());
  const tried: Tried[] = without.map(([engine, reason]) => ({ engine, ms: null, reason }));
  let spare: Connection | null = connection;
  let best: (Running & Candidate) | null = null;
  let reference: Float32Array | null = null;
  for (const engine of [...first, ...last]) {
    if (best !== null && last.includes(engine)) break;
    const own: Connection = spare ?? workers.start();
    spare = null;
    try {
      const running = await withPatience(own, best === null ? Infinity : PATIENCE, open(own, engine, ready, true));
      const { milliseconds: ms, answer } = running.opened.trial!;
      const wrong = findWrongAnswer(answer, reference);
      if (wrong !== null) throw new EdgeKitError(wrong);
      reference ??= answer;
      tried.push({ engine, ms, reason: "slower" });
      const candidate: Running & Candidate = { ...running, engine, ms, answer };
      const fastest: Running & Candidate = findFastest(best === null ? [candidate] : [best, candidate])!;
      (fastest === candidate ? best : candidate)?.connection.close();
      best = fastest;
    } catch (error) {
      own.close();
      workers.signal?.throwIfAborted();
      tried.push({ engine, ms: null, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  if (best === null) throw new EdgeKitError(explainNone(ready.source.name, tried));
  const { engine } = best;
  return [best, tried.map((one) => (one.engine === engine ? { ...one, reason: "the fastest" } : one))];
}

/** Closes the worker when an engine takes too long, which rejects what it was asked. */
async function withPatience<T>(connection: Connection, milliseconds: number, work: Promise<T>): Promise<T> {
  if (milliseconds === Infinity) return work;
  const reason = new EdgeKitError(`it did not start within ${milliseconds / 1000} s`);
  const timer = setTimeout(() => connection.close(reason), milliseconds);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

async function open(connection: Connection, engine: EngineName, ready: Ready, trial: boolean): Promise<Running> {
  const { source, files, assets, milliseconds } = ready;
  const request = { engine, name: source.name, files, assets, downloadMs: milliseconds, trial };
  // Copied, not moved: another engine may need the files after this one.
  return { connection, opened: await connection.ask("open", request) };
}

function surroundings(): Surroundings {
  return { webgpu: "gpu" in navigator && navigator.gpu != null, secureContext: globalThis.isSecureContext };
}

/** The built library's chunks lie in a folder beside `wasm/`. */
function findAssets({ assets }: LoadOptions): string {
  const folder = new URL(assets ?? "../wasm/", assets === undefined ? import.meta.url : globalThis.location.href).href;
  return folder.endsWith("/") ? folder : `${folder}/`;
}
