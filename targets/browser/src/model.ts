// A loaded model, seen from the page: its worker does the work.
import type { Benchmark, Classification, Model } from "./api.ts";
import type { Connection } from "./connection.ts";
import { EdgeKitError } from "./errors.ts";
import { isMoving, takePicture } from "./photo/send.ts";
import { watchVisibility } from "./visibility.ts";
import type { Opened } from "./worker/protocol.ts";

export type Tried = Model["tried"][number];

/** The model that a worker has opened. */
export function createModel(connection: Connection, opened: Opened, tried: readonly Tried[]): Model {
  const { spec, info, inputs, outputs } = opened;
  let pending = 0;

  async function counted<T>(work: () => Promise<T>): Promise<T> {
    pending += 1;
    try {
      return await work();
    } finally {
      pending -= 1;
    }
  }

  return {
    spec,
    engine: info,
    tried,
    inputs,
    outputs,

    async classify(picture, { top = 5, language = pageLanguage() } = {}) {
      if (!Number.isInteger(top) || top < 1) {
        throw new EdgeKitError(`top must be a whole number from 1 on. Got: ${top}.`);
      }
      if (pending > 0 && isMoving(picture)) return null;
      return counted(async (): Promise<Classification> => {
        const begin = performance.now();
        const [sent, transfer] = await takePicture(picture);
        const taken = performance.now();
        const { predictions, decode, prepare, run, read, seen } = await connection.ask(
          "classify",
          { picture: sent, top, language },
          transfer,
        );
        const times = { decode: decode + taken - begin, prepare, run, read, total: performance.now() - begin };
        return { predictions, times, seen };
      });
    },

    predict: (values) => counted(() => connection.ask("predict", values)),

    benchmark: (protocol = {}, onProgress) =>
      counted(async (): Promise<Benchmark> => {
        const visibility = watchVisibility();
        try {
          const result = await connection.ask("benchmark", protocol, [], (share) => onProgress?.(share ?? 0));
          const reasons = [...result.reasons, ...visibility.reasons()];
          return { ...result, valid: reasons.length === 0, reasons };
        } finally {
          visibility.stop();
        }
      }),

    dispose: () => connection.close(),
  };
}

function pageLanguage(): string | undefined {
  return globalThis.document?.documentElement.lang || globalThis.navigator?.language;
}
