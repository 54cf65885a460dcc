// Starts a worker in a browser.
import { EdgeKitError } from "../errors.ts";

/**
 * A new worker.
 *
 * @throws EdgeKitError - the browser refuses.
 */
export function startWorker(): Worker {
  try {
    return new Worker(new URL("./main.ts", import.meta.url), { type: "module", name: "edgekit" });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EdgeKitError(`The library's worker cannot be started: ${reason}`);
  }
}
