import { afterAll, beforeAll, expect, test } from "vitest";
import { findSource } from "../../src/source.ts";
import { startServer, type TestServer } from "./server.ts";

const SHA = "ab".repeat(32);
const file = (path: string) => ({ path, bytes: 1, sha256: SHA });
const MANIFEST = {
  schema: 1,
  name: "flowers",
  models: [
    {
      ...{ id: "f.fp32.tfjs", format: "tfjs", precision: "fp32", url: "models/f.fp32.tfjs/model.json", bytes: 2 },
      files: [file("models/f.fp32.tfjs/model.json"), file("models/f.fp32.tfjs/weights.bin")],
    },
    {
      ...{ id: "f.int8.tflite", format: "tflite", precision: "int8", url: "models/f.int8.tflite", bytes: 1 },
      files: [file("models/f.int8.tflite")],
    },
  ],
};

let server: TestServer;
beforeAll(async () => {
  server = await startServer((request, response) => {
    if (request.url === "/deep/manifest.json") response.end(JSON.stringify(MANIFEST));
    else response.writeHead(404).end();
  });
});
afterAll(() => server.close());

const find = (path: string, engine?: Parameters<typeof findSource>[1]) =>
  findSource(new URL(path, server.address), engine);

test("a model's own address needs no manifest", async () => {
  expect(await find("x/a%20b.tflite")).toEqual({
    ...{ name: "a b.tflite", format: "tflite", url: `${server.address}x/a%20b.tflite`, listed: null },
  });
  expect(await find("x/flowers.tfjs/model.json?v=2")).toMatchObject({ name: "flowers.tfjs", format: "tfjs" });
});

test("a manifest's model is found by its ID, with files relative to the manifest", async () => {
  const { name, format, url, listed } = await find("deep/manifest.json#f.fp32.tfjs");
  expect([name, format, url]).toEqual([
    "f.fp32.tfjs",
    "tfjs",
    `${server.address}deep/models/f.fp32.tfjs/model.json`,
  ]);
  expect(listed?.files.map((one) => one.path)).toEqual(["model.json", "weights.bin"]);
  expect(listed?.files[1]?.url).toBe(`${server.address}deep/models/f.fp32.tfjs/weights.bin`);
  expect(listed?.manifest).toBe(`${server.address}deep/manifest.json`);
  expect(listed?.digests).toHaveLength(3);
});

test("without an ID it is the first that the engine runs", async () => {
  expect((await find("deep/manifest.json")).name).toBe("f.fp32.tfjs");
  expect((await find("deep/manifest.json", "litert-wasm")).name).toBe("f.int8.tflite");
});

test("what does not fit is told with what would", async () => {
  const wrong = find("deep/manifest.json#f.int8.tflite", "webgl");
  await expect(wrong).rejects.toThrow("Choose one of: litert-wasm, litert-webgpu.");
  await expect(find("deep/manifest.json#other")).rejects.toThrow("Its models: f.fp32.tfjs, f.int8.tflite.");
  await expect(find("deep/manifest.json#%zz")).rejects.toThrow("no model %zz. Its models: f.fp32.tfjs");
  expect(await find("x/a%zz.tflite")).toMatchObject({ name: "a%zz.tflite" });
  await expect(find("manifest.json")).rejects.toThrow("the server answered 404");
});
