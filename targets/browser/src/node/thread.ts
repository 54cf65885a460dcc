// A thread of Node in the form of a browser's worker.
import { Worker as Thread } from "node:worker_threads";
import type { WorkerPort } from "../connection.ts";
import type { Reply } from "../worker/protocol.ts";

/** Starts the thread that runs models. While it has nothing to do, it keeps no program from ending. */
export function startThread(): WorkerPort {
  // Without the program's own flags, as -e, which are not for this file.
  const thread = new Thread(new URL("./worker.cjs", import.meta.url), { name: "edgekit", execArgv: [] });
  thread.unref();
  let waiting = 0;
  const port: WorkerPort = {
    onmessage: null,
    onmessageerror: null,
    onerror: null,
    postMessage(message: unknown, transfer: unknown) {
      thread.postMessage(message, transfer as []);
      if (waiting++ === 0) thread.ref();
    },
    terminate: () => void thread.terminate(),
  };
  const fail = (message: string): void => void port.onerror?.call(null as never, { message } as ErrorEvent);
  thread.on("message", (data: Reply) => {
    if (data.kind !== "progress" && --waiting === 0) thread.unref();
    port.onmessage?.call(null as never, { data } as MessageEvent);
  });
  thread.on("messageerror", (error) => port.onmessageerror?.call(null as never, { data: error } as MessageEvent));
  thread.on("error", (error) => fail(error instanceof Error ? error.message : String(error)));
  thread.on("exit", (code) => fail(`exit code ${code}`));
  return port;
}
