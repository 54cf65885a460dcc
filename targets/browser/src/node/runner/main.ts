// Runs one TensorFlow.js graph model in Node for the program that started it.
//   node runner.cjs    (then frames on standard input and output, see protocol.ts)
import { countMemory } from "../../engines/tfjs/graph.ts";
import { get } from "../get.ts";
import { readFrame, sendError, sendReply } from "./channel.ts";
import { RunnerError } from "./errors.ts";
import { loadRunner, type Runner } from "./model.ts";
import type { Request } from "./protocol.ts";

// Standard output belongs to the protocol; whatever TensorFlow.js says goes to standard error.
console.log = console.info = console.debug = console.error;
// For the engines' WebAssembly, which lies beside the bundle.
globalThis.fetch = get;

async function main(): Promise<void> {
  let runner: Runner | null = null;
  for (;;) {
    const frame = readFrame<Request>();
    if (frame === null) return; // the other side has closed the pipe, or died
    const { request } = frame;
    // A payload that cannot be taken is no error to go on after: what follows could not be told from it.
    const tensors = request.op === "run" ? frame.readTensors(request.tensors) : [];
    try {
      if (request.op === "load") {
        if (runner !== null) throw new RunnerError("usage", "A model is loaded already.");
        runner = await loadRunner(request.path);
        sendReply(runner.describe());
      } else if (runner === null) {
        throw new RunnerError("usage", "No model is loaded.");
      } else if (request.op === "run") {
        const { outputs, milliseconds } = await runner.run(tensors);
        sendReply({ milliseconds, ...runner.engine() }, outputs);
      } else if (request.op === "memory") {
        sendReply(countMemory());
      } else if (request.op === "dispose") {
        sendReply(runner.dispose());
        runner = null;
      } else {
        throw new RunnerError("usage", `Unknown request ${JSON.stringify((request as { op: unknown }).op)}.`);
      }
    } catch (error) {
      sendError(error);
    }
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
