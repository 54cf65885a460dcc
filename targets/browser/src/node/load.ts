// load() in Node: from a path or an address to a model in a thread of its own.
import { connect } from "../connection.ts";
import { FORMATS, type ModelFormat } from "../engines/engine.ts";
import { EdgeKitError } from "../errors.ts";
import { createModel, type Tried } from "../model.ts";
import { explainNone } from "../picking.ts";
import { findSource } from "../source.ts";
import type { Opened } from "../worker/protocol.ts";
import type { EngineName, Load } from "./api.ts";
import { get, toUrl } from "./get.ts";
import { asImageData } from "./picture.ts";
import { startThread } from "./thread.ts";

/** In the order of trying. Plain JavaScript takes ten times as long as WebAssembly, and has more operations. */
const ENGINES: Readonly<Record<ModelFormat, readonly EngineName[]>> = { tfjs: ["wasm", "cpu"], tflite: ["litert-wasm"] };

/** The engines' WebAssembly lies beside the built library. */
const ASSETS = new URL("./", import.meta.url).href;

export const load: Load = async (where, { engine, onProgress, signal } = {}) => {
  signal?.throwIfAborted();
  checkEngine(engine);
  const connection = connect(startThread());
  const abort = (): void => connection.close(signal?.reason);
  signal?.addEventListener("abort", abort);
  try {
    const source = await findSource(toUrl(where), engine, signal, get);
    signal?.throwIfAborted();
    const tell = (loaded: number | null = 0, total: number | null = null): void => onProgress?.(loaded ?? 0, total);
    const { files, milliseconds } = await connection.ask("fetch", source, [], tell);
    const request = { name: source.name, files, assets: ASSETS, downloadMs: milliseconds, trial: false };

    async function openFirst(engines: readonly EngineName[]): Promise<[Opened, Tried[]]> {
      const tried: Tried[] = [];
      for (const engine of engines) {
        try {
          const opened = await connection.ask("open", { ...request, engine });
          return [opened, [...tried, { engine, ms: null, reason: "the first that works" }]];
        } catch (error) {
          signal?.throwIfAborted();
          tried.push({ engine, ms: null, reason: error instanceof Error ? error.message : String(error) });
        }
      }
      throw new EdgeKitError(explainNone(source.name, tried));
    }

    const [opened, tried] = engine
      ? [await connection.ask("open", { ...request, engine }), [{ engine, ms: null, reason: "asked for" }]]
      : await openFirst(ENGINES[source.format]);
    const model = createModel(connection, opened, tried);
    return {
      ...model,
      // Only frames of a video are dropped, and answered with null.
      classify: async (picture, options) => (await model.classify(asImageData(picture), options))!,
    };
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
};

function checkEngine(engine: EngineName | undefined): void {
  const known = Object.values(ENGINES).flat();
  if (engine === undefined || known.includes(engine)) return;
  const reason = engine in FORMATS ? "is for browsers" : "is unknown";
  throw new EdgeKitError(`The engine ${engine} ${reason}. In Node there are: ${known.join(", ")}.`);
}
