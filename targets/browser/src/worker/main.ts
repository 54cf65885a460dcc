// The worker: one model in one engine, off the page's thread. Requests are worked off one after another.
import { EdgeKitError } from "../errors.ts";
import { fetchModel } from "../fetching.ts";
import { openSession, type Session } from "./session.ts";
import type { Message, Reply } from "./protocol.ts";

// The DOM's and the worker's types do not go together; this is all that is needed of the latter.
const scope = globalThis as unknown as {
  postMessage(message: Reply, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<Message>) => void) | null;
};

/** An answer, and what moves to the page with it. */
type Answer = readonly [value: unknown, transfer: Transferable[]];

let session: Session | null = null;
let queue: Promise<void> = Promise.resolve();

// The first alone: where a development server adds words to addresses, the engines' chunks import this module again.
scope.onmessage ??= ({ data }) => {
  queue = queue.then(() => reply(data));
};

async function reply(message: Message): Promise<void> {
  const { id } = message;
  try {
    const [value, transfer] = await answer(message, (...values) =>
      scope.postMessage({ id, kind: "progress", values }, []),
    );
    scope.postMessage({ id, kind: "answer", value }, transfer);
  } catch (error) {
    scope.postMessage({ id, kind: "error", message: describe(error), expected: isExpected(error) }, []);
  }
}

async function answer(message: Message, progress: (...values: (number | null)[]) => void): Promise<Answer> {
  switch (message.name) {
    case "fetch": {
      const fetched = await fetchModel(message.value, progress);
      return [fetched, fetched.files.map(([, data]) => data.buffer)];
    }
    case "open": {
      session?.dispose();
      session = null;
      const [opened, trial] = await openSession(message.value);
      session = opened;
      const { spec, engine } = opened;
      return [{ spec, info: engine.info, inputs: engine.inputs, outputs: engine.outputs, trial }, []];
    }
    case "classify": {
      const classified = await current().classify(message.value);
      return [classified, [classified.seen.pixels.buffer as ArrayBuffer]];
    }
    case "predict": {
      const outputs = await current().predict(message.value);
      return [outputs, Object.values(outputs).map(({ buffer }) => buffer as ArrayBuffer)];
    }
    case "benchmark": {
      const { runBenchmark } = await import("./benchmark.ts"); // few need it
      return [await runBenchmark(current(), message.value, progress), []];
    }
  }
}

function current(): Session {
  if (session === null) throw new EdgeKitError("No model is loaded.");
  return session;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return isExpected(error) ? error.message : `${error.name}: ${error.message}`;
}

/** By the name, since the class may be there twice, as this module. */
function isExpected(error: unknown): boolean {
  return error instanceof Error && error.name === "EdgeKitError";
}
