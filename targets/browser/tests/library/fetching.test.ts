import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EdgeKitError } from "../../src/errors.ts";
import { fetchModel } from "../../src/fetching.ts";
import type { ModelSource } from "../../src/source.ts";
import { startServer, type TestServer } from "./server.ts";

const LARGE = Uint8Array.from({ length: 300_000 }, (_, place) => place % 251);
const WEIGHTS = [new Uint8Array(70_000).fill(1), new Uint8Array(5000).fill(2)];
const JSON_TEXT = JSON.stringify({
  format: "graph-model",
  modelTopology: { node: [{ name: "x", op: "Placeholder", attr: { dtype: { type: "DT_FLOAT" } } }] },
  signature: { inputs: { x: { name: "x:0", dtype: "DT_FLOAT" } }, outputs: { x: { name: "x:0", dtype: "DT_FLOAT" } } },
  weightsManifest: [{ paths: ["a.bin", "b.bin"], weights: [] }],
});
const digest = (data: Uint8Array | string) => createHash("sha256").update(data).digest("hex");

let server: TestServer;

beforeAll(async () => {
  server = await startServer((request, response) => {
    const send = (data: Uint8Array | string, headers: Record<string, string | number> = {}): void => {
      response.writeHead(200, { "content-length": data.length, ...headers });
      response.end(data);
    };
    if (request.url === "/large.tflite") send(LARGE);
    else if (request.url === "/zipped.tflite") send(gzipSync(LARGE), { "content-encoding": "gzip" });
    else if (request.url === "/streamed.tflite") response.writeHead(200).end(LARGE);
    else if (request.url === "/m/model.json") send(JSON_TEXT);
    else if (request.url === "/m/a.bin") send(WEIGHTS[0]!);
    else if (request.url === "/m/b.bin") send(WEIGHTS[1]!);
    else if (request.url === "/short.tflite") {
      response.writeHead(200, { "content-length": LARGE.length });
      response.write(LARGE.subarray(0, 1000), () => response.destroy());
    } else response.writeHead(404).end("not here");
  });
});
afterAll(() => server.close());

function tflite(name: string, listed: ModelSource["listed"] = null): ModelSource {
  return { name, format: "tflite", url: `${server.address}${name}`, listed };
}

async function fetchCounting(source: ModelSource) {
  const counts: [number, number | null][] = [];
  const fetched = await fetchModel(source, (loaded, total) => counts.push([loaded, total]));
  return { fetched, counts };
}

test("one file comes whole, with its progress and its digest", async () => {
  const { fetched, counts } = await fetchCounting(tflite("large.tflite"));
  expect(fetched.files).toEqual([["large.tflite", LARGE]]);
  expect(fetched.digest).toBe(digest(LARGE));
  expect(counts.at(-1)).toEqual([LARGE.length, LARGE.length]);
  expect(counts.every(([, total]) => total === LARGE.length)).toBe(true);
});

test("where nobody tells the size, the total is unknown", async () => {
  for (const name of ["zipped.tflite", "streamed.tflite"]) {
    const { fetched, counts } = await fetchCounting(tflite(name));
    expect(fetched.digest).toBe(digest(LARGE));
    expect(counts.at(-1)).toEqual([LARGE.length, null]);
  }
});

test("model.json brings its weights, and the total is known once all have begun", async () => {
  const url = `${server.address}m/model.json`;
  const { fetched, counts } = await fetchCounting({ name: "m", format: "tfjs", url, listed: null });
  expect(fetched.files.map(([path, { length }]) => [path, length])).toEqual([
    ["model.json", JSON_TEXT.length],
    ["a.bin", 70_000],
    ["b.bin", 5000],
  ]);
  const all = JSON_TEXT.length + 75_000;
  expect(counts[0]?.[1]).toBeNull();
  expect(counts.at(-1)).toEqual([all, all]);
});

test("files are checked against the manifest", async () => {
  const file = { path: "large.tflite", url: `${server.address}large.tflite`, bytes: LARGE.length };
  const listed = (sha256: string) => ({ files: [{ ...file, sha256 }], manifest: server.address, digests: [sha256] });
  const { fetched, counts } = await fetchCounting(tflite("large.tflite", listed(digest(LARGE).toUpperCase())));
  expect(fetched.digest).toBe(digest(LARGE));
  expect(counts.at(-1)).toEqual([LARGE.length, LARGE.length]);
  const other = fetchModel(tflite("large.tflite", listed(digest("other"))), () => {});
  await expect(other).rejects.toThrow(EdgeKitError);
  await expect(other).rejects.toThrow("large.tflite");
});

test.each([
  ["none.tflite", "the server answered 404"],
  ["short.tflite", "broke off while it was fetched"],
])("%s: a file that cannot be had is named", async (name, reason) => {
  const failing = fetchModel(tflite(name), () => {});
  await expect(failing).rejects.toThrow(EdgeKitError);
  await expect(failing).rejects.toThrow(reason);
  await expect(failing).rejects.toThrow(`${server.address}${name}`);
});
