// TensorFlow.js' backends, started with the first model that uses one and freed with the last. Which of them computes is
// one setting for all models, so one runs after the other.
import * as tf from "@tensorflow/tfjs-core";
import { EdgeKitError } from "../../errors.ts";
import { type Backend, type BackendModule, type BackendName, BACKENDS } from "./backend.ts";

/** How many models each backend serves. */
const users = new Map<BackendName, number>();
let queue: Promise<unknown> = Promise.resolve();

/** A backend that has been started for one model. */
export interface Started {
  readonly name: BackendName;
  readonly described: Backend;
  /** Rejects once what computes has gone; see {@link BackendModule}. */
  readonly whenLost: BackendModule["whenLost"];
  /** Registers the kernels of rare operations. Only within a turn. */
  complete(): Promise<void>;
  /** Does some work while this backend computes, and nothing else does. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** Frees its memory, threads and graphics context, where this was the last model. To be called once. */
  release(): void;
}

/**
 * Starts a backend that no model uses yet.
 *
 * @param assets - where the WebAssembly lies, an absolute address that ends in a slash.
 * @throws EdgeKitError - it does not work on this device.
 */
export async function startBackend(name: BackendName, assets: string): Promise<Started> {
  const module = await BACKENDS[name]();
  await inQueue(async () => {
    if (!users.get(name)) {
      tf.enableProdMode();
      await module.register(assets);
      if (!(await tf.setBackend(name))) throw new EdgeKitError(`TensorFlow.js cannot start its backend ${name} here.`);
    }
    users.set(name, (users.get(name) ?? 0) + 1);
  });
  return {
    name,
    described: module.describe(),
    whenLost: module.whenLost,
    async complete() {
      await module.registerRest();
      await tf.setBackend(name); // sets the new kernels up
    },
    inTurn: (work) =>
      inQueue(async () => {
        await tf.setBackend(name);
        return work();
      }),
    release() {
      const left = (users.get(name) ?? 1) - 1;
      users.set(name, left);
      if (left > 0) return;
      void inQueue(async () => {
        if (!users.get(name)) tf.removeBackend(name);
      });
    },
  };
}

function inQueue<T>(work: () => Promise<T>): Promise<T> {
  const result = queue.then(work);
  queue = result.catch(() => undefined);
  return result;
}
