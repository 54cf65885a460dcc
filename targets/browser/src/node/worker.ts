// The thread that runs models: the browser's worker, among what it finds there of a browser.
import { parentPort } from "node:worker_threads";
import type { Message, Reply } from "../worker/protocol.ts";
import { get } from "./get.ts";

const port = parentPort!;
// Of this thread alone; the program's own are others.
const scope = Object.assign(globalThis as object, {
  fetch: get,
  isSecureContext: true,
  crossOriginIsolated: false, // no threads: the engines' own are those of browsers
  postMessage: (reply: Reply, transfer: []) => port.postMessage(reply, transfer),
}) as { onmessage?: (event: { data: Message }) => void };

// Requests that come before the module is there wait in the port.
void import("../worker/main.ts").then(() => port.on("message", (data: Message) => scope.onmessage?.({ data })));
