// The built runner, spoken to in its own protocol.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Request } from "../src/node/runner/protocol.ts";

const RUNNER = join(import.meta.dirname, "..", "dist", "node", "runner.cjs");
const folder = mkdtempSync(join(tmpdir(), "edgekit-runner-"));
after(() => rmSync(folder, { recursive: true }));

interface Reply {
  header: Record<string, unknown> & { tensors?: { name: string; dtype: string; shape: number[] }[] };
  payload: Buffer;
}

function frame(request: unknown, ...payload: ArrayBufferView[]): Buffer {
  const header = Buffer.from(JSON.stringify(request));
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(header.length);
  return Buffer.concat([prefix, header, ...payload.map((v) => Buffer.from(v.buffer, v.byteOffset, v.byteLength))]);
}

/** Sends the frames, closes the pipe, and reads every reply. */
function converse(...frames: Buffer[]): { replies: Reply[]; status: number | null; log: string } {
  const done = spawnSync(process.execPath, [RUNNER], { input: Buffer.concat(frames), timeout: 60_000 });
  const replies: Reply[] = [];
  for (let start = 0; start < done.stdout.length; ) {
    const end = start + 4 + done.stdout.readUInt32LE(start);
    const header = JSON.parse(done.stdout.toString("utf-8", start + 4, end)) as Reply["header"];
    const sizes = (header.tensors ?? []).map(
      ({ dtype, shape }) => shape.reduce((product, size) => product * size, 1) * (dtype === "bool" ? 1 : 4),
    );
    start = end + sizes.reduce((sum, size) => sum + size, 0);
    replies.push({ header, payload: done.stdout.subarray(end, start) });
  }
  return { replies, status: done.status, log: done.stderr.toString() };
}

/** scaled = values * 2.5, for any number of rows of two. */
function writeModel(name: string, paths = ["weights.bin"]): Request {
  const path = join(folder, name);
  mkdirSync(path);
  const float = { type: "DT_FLOAT" };
  const shape = { dim: [{ size: "-1" }, { size: "2" }] };
  const model = {
    signature: {
      inputs: { values: { name: "x:0", dtype: "DT_FLOAT", tensorShape: shape } },
      outputs: { scaled: { name: "y:0", dtype: "DT_FLOAT", tensorShape: shape } },
    },
    modelTopology: {
      node: [
        { name: "x", op: "Placeholder", attr: { dtype: float, shape: { shape } } },
        { name: "factor", op: "Const", attr: { dtype: float } },
        { name: "y", op: "Mul", input: ["x", "factor"], attr: { T: float } },
      ],
      versions: { producer: 1 },
    },
    weightsManifest: [{ paths, weights: [{ name: "factor", shape: [], dtype: "float32" }] }],
  };
  writeFileSync(join(path, "model.json"), JSON.stringify(model));
  writeFileSync(join(path, "weights.bin"), new Uint8Array(new Float32Array([2.5]).buffer));
  return { op: "load", path: join(path, "model.json") };
}

test("a model is loaded, run, counted and freed", () => {
  const tensor = { name: "values", dtype: "float32", shape: [2, 2] };
  const run = frame({ op: "run", tensors: [tensor] }, new Float32Array([1, 2, 3, -4]));
  const memory = frame({ op: "memory" });
  const { replies, status } = converse(
    frame(writeModel("whole")),
    ...[memory, run, run, memory, frame({ op: "dispose" }), frame({ op: "dispose" })],
  );
  const [load, before, first, second, later, disposed, nothing] = replies.map((reply) => reply.header);
  assert.deepEqual(load?.inputs, [{ name: "values", dtype: "float32", shape: [-1, 2] }]);
  assert.deepEqual(load?.outputs, [{ name: "scaled", dtype: "float32", shape: [-1, 2] }]);
  assert.match(String(load?.kernels), /^WebAssembly.*, 1 thread$/);
  assert.deepEqual(first?.tensors, [{ name: "scaled", shape: [2, 2], dtype: "float32" }]);
  assert.ok(replies[2]?.payload.equals(Buffer.from(new Float32Array([2.5, 5, 7.5, -10]).buffer)));
  assert.ok(replies[3]?.payload.equals(replies[2]?.payload ?? Buffer.alloc(0)));
  assert.deepEqual(second?.tensors, first?.tensors);
  assert.deepEqual(before, { count: 1, bytes: 4 });
  assert.deepEqual(later, before);
  assert.deepEqual(disposed, { count: 0, bytes: 0 });
  assert.deepEqual(nothing, { error: "No model is loaded.", kind: "usage" });
  assert.equal(status, 0);
});

test("bytes are widened to the model's dtype", () => {
  const tensor = { name: "values", dtype: "uint8", shape: [1, 2] };
  const { replies } = converse(
    frame(writeModel("bytes")),
    frame({ op: "run", tensors: [tensor] }, new Uint8Array([255, 2])),
  );
  assert.ok(replies[1]?.payload.equals(Buffer.from(new Float32Array([637.5, 5]).buffer)));
});

test("after an error the next request is answered", () => {
  const wrong = { name: "values", dtype: "int32", shape: [1, 2] };
  const other = { name: "others", dtype: "float32", shape: [1, 2] };
  const right = { name: "values", dtype: "float32", shape: [1, 2] };
  const floats = new Float32Array([1, 2]);
  const load = writeModel("errors");
  const { replies } = converse(
    frame({ op: "run", tensors: [right] }, floats),
    frame({ op: "load", path: join(folder, "none", "model.json") }),
    frame(load),
    frame(load),
    frame({ op: "sing" }),
    frame({ op: "run", tensors: [wrong] }, new Int32Array([1, 2])),
    frame({ op: "run", tensors: [other] }, floats),
    frame({ op: "run", tensors: [right] }, floats),
  );
  const errors = replies.map(({ header }) => [header.kind, header.error]);
  assert.deepEqual(errors[0], ["usage", "No model is loaded."]);
  assert.equal(errors[1]?.[0], "file");
  assert.deepEqual(errors[3], ["usage", "A model is loaded already."]);
  assert.deepEqual(errors[4], ["usage", 'Unknown request "sing".']);
  assert.deepEqual(errors[5], ["usage", "The input values takes float32, not int32."]);
  assert.deepEqual(errors[6], ["usage", "There is no tensor for the input values."]);
  assert.ok(replies[7]?.payload.equals(Buffer.from(new Float32Array([2.5, 5]).buffer)));
});

test("no weight file outside of the model's folder is read", () => {
  writeFileSync(join(folder, "secret.bin"), new Uint8Array(4));
  for (const [place, path] of ["../secret.bin", join(folder, "secret.bin"), "x/../../secret.bin"].entries()) {
    const { replies } = converse(frame(writeModel(`outside${place}`, [path])));
    assert.equal(replies[0]?.header.kind, "file");
    assert.match(String(replies[0]?.header.error), /lies outside of the model's folder/);
  }
});

test("what is no frame ends the runner with a reason", () => {
  const { replies, status, log } = converse(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
  assert.deepEqual([replies.length, status], [0, 1]);
  assert.match(log, /no frame of this protocol/);
});

test("the end of the input within a tensor ends the runner with a reason", () => {
  const tensor = { name: "values", dtype: "float32", shape: [2, 2] };
  const run = frame({ op: "run", tensors: [tensor] }, new Float32Array([1, 2]));
  const { replies, status, log } = converse(frame(writeModel("short")), run);
  assert.deepEqual([replies.length, status], [1, 1]);
  assert.match(log, /ended within a tensor/);
});
