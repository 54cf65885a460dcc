// The page's end of a worker.
import { EdgeKitError } from "./errors.ts";
import type { Message, Reply, RequestName, Requests } from "./worker/protocol.ts";

type OnProgress = (...values: readonly (number | null)[]) => void;

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress: OnProgress | undefined;
}

/** A worker that answers requests. */
export interface Connection {
  /**
   * Asks for one thing.
   *
   * @param transfer - what moves to the worker instead of being copied.
   * @throws EdgeKitError - what went wrong there, or the worker cannot be started or was closed.
   */
  ask<Name extends RequestName>(
    name: Name,
    value: Requests[Name][0],
    transfer?: readonly Transferable[],
    onProgress?: OnProgress,
  ): Promise<Requests[Name][1]>;
  /** Ends the worker, which frees all of its memory; what waits is rejected with the reason. */
  close(reason?: unknown): void;
}

/** What is used of a worker; Node has workers of another form. */
export type WorkerPort = Pick<Worker, "postMessage" | "terminate" | "onmessage" | "onmessageerror" | "onerror">;

/** The page's end of a worker that has just been started. */
export function connect(worker: WorkerPort): Connection {
  const waiting = new Map<number, Waiting>();
  let last = 0;
  let closed: { readonly reason: unknown } | null = null;

  worker.onmessage = ({ data }: MessageEvent<Reply>) => {
    const request = waiting.get(data.id);
    if (request === undefined) return;
    if (data.kind === "progress") return request.onProgress?.(...data.values);
    waiting.delete(data.id);
    if (data.kind === "answer") request.resolve(data.value as never);
    else request.reject(new EdgeKitError(data.expected ? data.message : `The model's worker failed: ${data.message}`));
  };
  // A script that cannot be loaded, or an error that nobody caught there.
  worker.onerror = (event) => {
    event.preventDefault?.();
    close(
      new EdgeKitError(
        event.message
          ? `The model's worker ended: ${event.message}`
          : "The library's worker cannot be started. Are all of its files on the server, and does the page's " +
              "Content-Security-Policy have worker-src 'self'?",
      ),
    );
  };
  worker.onmessageerror = () => close(new EdgeKitError("What the model's worker answered cannot be read."));

  function close(reason: unknown = new EdgeKitError("The model has been disposed of.")): void {
    if (closed !== null) return;
    closed = { reason };
    worker.terminate();
    for (const { reject } of waiting.values()) reject(reason);
    waiting.clear();
  }

  return {
    ask(name, value, transfer = [], onProgress) {
      return new Promise((resolve, reject) => {
        if (closed !== null) return reject(closed.reason);
        const id = ++last;
        waiting.set(id, { resolve, reject, onProgress });
        try {
          worker.postMessage({ id, name, value } as Message, [...transfer]);
        } catch (error) {
          waiting.delete(id);
          reject(new EdgeKitError("What was given cannot be sent to the model's worker.", { cause: error }));
        }
      });
    },
    close,
  };
}
