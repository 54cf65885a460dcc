// Measures models with the library for the program that started it.
//   node bench.cjs    (then frames on standard input and output, see ../runner/protocol.ts)
import { pathToFileURL } from "node:url";
import type { EngineInfo } from "../../engines/engine.ts";
import type { Protocol } from "../../api.ts";
import { answerPhotos, measure } from "../../bench/run.ts";
import { firstLine } from "../../engines/text.ts";
import type { EngineName, Load, Model } from "../api.ts";
import { readFrame, sendError, sendReply } from "../runner/channel.ts";
import type { TensorHeader } from "../runner/protocol.ts";

interface ModelRequest {
  /** Of the `.tflite` or the model.json. */
  readonly path: string;
  readonly engine: EngineName;
}

/** `answer` has one tensor, photos as uint8 (n, height, width, channels), and its reply one of real values (n, classes). */
type Request =
  | { readonly op: "describe" }
  | ({ readonly op: "measure"; readonly protocol: Protocol } & ModelRequest)
  | ({ readonly op: "answer"; readonly tensors: readonly [TensorHeader] } & ModelRequest);

console.log = console.info = console.debug = console.error;

async function main(): Promise<void> {
  for (;;) {
    const frame = readFrame<Request>();
    if (frame === null) return; // the other side has closed the pipe, or died
    const { request } = frame;
    const [photos] = request.op === "answer" ? frame.readTensors(request.tensors) : [];
    try {
      if (request.op === "describe") {
        sendReply({ node: process.versions.node });
        continue;
      }
      await withModel(request, async (model) => {
        if (request.op === "measure") return sendReply(await measure(model, request.protocol));
        const [count = 0] = photos!.shape;
        const answers = await answerPhotos(model, photos!.values as Uint8Array, count);
        const values = new Float32Array(count * (answers[0]?.length ?? 0));
        answers.forEach((one, place) => values.set(one, place * one.length));
        const reply: { engine: EngineInfo } = { engine: model.engine };
        sendReply(reply, [{ name: "answers", shape: [count, values.length / count], values }]);
      });
    } catch (error) {
      sendError(error);
    }
  }
}

async function withModel(request: ModelRequest, work: (model: Model) => Promise<void>): Promise<void> {
  // The library is a module of its own beside this file.
  const { load } = (await import(new URL("./index.js", pathToFileURL(__filename)).href)) as { load: Load };
  const model = await load(pathToFileURL(request.path), { engine: request.engine });
  try {
    await work(model);
  } finally {
    model.dispose();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(firstLine(error));
    process.exit(1);
  },
);
