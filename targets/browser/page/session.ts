// The one loaded model: switching it, and asking it one thing at a time.
import { load } from "../src/index.ts";
import type { Benchmark, Classification, Model, Picture } from "../src/api.ts";
import type { Choice } from "./address.ts";

const TOP = 5;

export interface Session {
  readonly model: Model | null;
  /**
   * Loads a choice in place of the loaded one. Answers `null` where a later call came in between.
   *
   * @throws EdgeKitError - the model is broken or nothing here runs it; no model is loaded then.
   */
  open(choice: Choice, onProgress: (loaded: number, total: number | null) => void): Promise<Model | null>;
  /** One picture, after those before it. `null`: no model is loaded, or another one was meanwhile. */
  classify(picture: Picture): Promise<Classification | null>;
  benchmark(onProgress: (share: number) => void): Promise<Benchmark | null>;
}

export function createSession(manifest: URL): Session {
  let model: Model | null = null;
  let opening: AbortController | null = null;
  let queue: Promise<unknown> = Promise.resolve();

  // The engine answers one call at a time; a photo must not be dropped for a frame that is being looked at.
  function inTurn<T>(ask: (model: Model) => Promise<T | null>): Promise<T | null> {
    const asked = model;
    const answer = queue.then(() => (asked !== null && asked === model ? ask(asked) : null));
    queue = answer.catch(() => undefined);
    return answer;
  }

  return {
    get model() {
      return model;
    },

    async open(choice, onProgress) {
      opening?.abort();
      const mine = new AbortController();
      opening = mine;
      const before = model;
      model = null;
      // What runs now may still need the model that goes.
      await queue;
      before?.dispose();
      if (mine.signal.aborted) return null;
      const url = new URL(manifest);
      url.hash = choice.model.id;
      try {
        const options = { onProgress, signal: mine.signal };
        const opened = await load(url, choice.engine === null ? options : { ...options, engine: choice.engine });
        if (mine.signal.aborted) {
          opened.dispose();
          return null;
        }
        model = opened;
        return opened;
      } catch (error) {
        if (mine.signal.aborted) return null;
        throw error;
      }
    },

    classify: (picture) =>
      inTurn((asked) => asked.classify(picture, { top: TOP, language: navigator.language })),

    benchmark: (onProgress) => inTurn((asked) => asked.benchmark(undefined, onProgress)),
  };
}
