// Frames over standard input and output, see protocol.ts. Reading waits: there is nothing else to do meanwhile,
// and one call of the system for each tensor is far quicker than Node's streams, which copy every 64 KiB.
import { readSync, writeSync } from "node:fs";
import { firstLine } from "../../engines/text.ts";
import { RunnerError } from "./errors.ts";
import { allocate, countValues, type Given, type TensorHeader, type TensorValues } from "./protocol.ts";

const INPUT = 0;
const OUTPUT = 1;
/** Of a header: names and shapes of a model's tensors take far less. */
const LONGEST_HEADER = 1 << 24;

export interface Frame<Request> {
  request: Request;
  /** The payload, as tensors; to be called once. */
  readTensors(headers: readonly TensorHeader[]): Given[];
}

/** The next request, or null at the end of the input. */
export function readFrame<Request>(): Frame<Request> | null {
  const prefix = new Uint8Array(4);
  if (!fill(prefix)) return null;
  const length = new DataView(prefix.buffer).getUint32(0, true);
  if (length > LONGEST_HEADER) throw new Error("The request is no frame of this protocol.");
  const header = new Uint8Array(length);
  if (!fill(header)) return null;
  const request = JSON.parse(new TextDecoder().decode(header)) as Request;
  const readTensors: Frame<Request>["readTensors"] = (headers) =>
    headers.map((tensor) => {
      const values = allocate(tensor.dtype, countValues(tensor.shape));
      if (!fill(new Uint8Array(values.buffer))) throw new Error("The input ended within a tensor.");
      return { name: tensor.name, shape: tensor.shape, values, sent: tensor.dtype };
    });
  return { request, readTensors };
}

export function sendReply(fields: object, tensors: readonly TensorValues[] = []): void {
  const headers: TensorHeader[] = tensors.map(({ name, shape, values }) => ({ name, shape, dtype: dtypeOf(values) }));
  const header = Buffer.from(JSON.stringify(tensors.length ? { ...fields, tensors: headers } : fields), "utf-8");
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(header.length);
  write(Buffer.concat([prefix, header]));
  for (const { values } of tensors) write(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
}

export function sendError(error: unknown): void {
  sendReply({ error: explain(error), kind: error instanceof RunnerError ? error.kind : "unsupported" });
}

/** What TensorFlow.js itself says, where it does, without a next step that is for other callers. */
function explain(error: unknown): string {
  // By its name: the library for Node has a class of its own.
  if (!(error instanceof Error && error.name === "EdgeKitError")) return firstLine(error);
  return error.cause instanceof Error ? firstLine(error.cause) : error.message;
}

function dtypeOf(values: TensorValues["values"]): TensorHeader["dtype"] {
  if (values instanceof Float32Array) return "float32";
  return values instanceof Int32Array ? "int32" : "bool";
}

/** Reads until the array is full; false where the input ends before. */
function fill(bytes: Uint8Array): boolean {
  for (let start = 0; start < bytes.length; ) {
    const count = retry(() => readSync(INPUT, bytes, start, bytes.length - start, null));
    if (count === 0) return false;
    start += count;
  }
  return true;
}

function write(bytes: Uint8Array): void {
  for (let start = 0; start < bytes.length; ) {
    start += retry(() => writeSync(OUTPUT, bytes, start, bytes.length - start));
  }
}

/** Where whoever started us made the pipe one that does not wait, we wait. */
function retry(call: () => number): number {
  for (;;) {
    try {
      return call();
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EOF") return 0; // the end of a pipe on Windows
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
