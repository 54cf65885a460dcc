// The built library for Node, for Node's own test runner. tests/browser/test_node_library.py starts it, with models that
// Python exported and photos that Python answered in the folder EDGEKIT_NODE_TEST.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import type * as Library from "../../src/node/index.ts";

const FOLDER = process.env.EDGEKIT_NODE_TEST ?? "";
/** By the package's own name, whose exports have one for Node. */
const LIBRARY = import.meta.resolve("edgekit");
const { EdgeKitError, load, readManifest } = (await import(LIBRARY)) as typeof Library;

interface Expected {
  models: Record<"fp32.tfjs" | "fp32.tflite" | "int8.tflite", string>;
  sizes: [width: number, height: number][];
  answers: Record<string, [label: string, probability: number][][]>;
}

assert.match(LIBRARY, /\/dist\/node\/index\.js$/);
const expected = JSON.parse(readFileSync(join(FOLDER, "expected.json"), "utf-8")) as Expected;
const photos = expected.sizes.map(([width, height], place) => ({
  width,
  height,
  data: new Uint8Array(readFileSync(join(FOLDER, `${place}.rgb`))),
}));
const fileOf = (model: string): string => (model.endsWith(".tfjs") ? join(model, "model.json") : model);
const TFJS = fileOf(expected.models["fp32.tfjs"]);
const TFLITE = expected.models["fp32.tflite"];
const SHORT = { warmup_runs: 2, warmup_seconds: 0, min_runs: 15, min_seconds: 0.3, max_seconds: 60 };

const fails = (work: Promise<unknown>, message: RegExp) =>
  assert.rejects(work, (error: Error) => {
    assert.ok(error instanceof EdgeKitError, String(error));
    assert.match(error.message, message);
    assert.ok(!error.message.includes("\n"));
    return true;
  });

for (const [ending, engine, tolerance] of [
  ["fp32.tfjs", "wasm", 1e-4],
  ["fp32.tfjs", "cpu", 1e-4],
  ["fp32.tflite", "litert-wasm", 1e-4],
  ["int8.tflite", "litert-wasm", 1.01 / 256],
] as const) {
  test(`${ending} on ${engine} answers what Python answers`, async () => {
    const model = await load(fileOf(expected.models[ending]), { engine });
    assert.equal(model.engine.name, engine);
    assert.equal(model.spec.labels.length, 4);
    const winners = new Set<string>();
    for (const [place, photo] of photos.entries()) {
      const { predictions } = await model.classify(photo);
      const wanted = new Map(expected.answers[ending]![place]);
      winners.add(predictions[0]!.label);
      assert.equal(predictions[0]!.label, [...wanted.keys()][0]);
      for (const { label, probability } of predictions) {
        assert.ok(Math.abs(probability - wanted.get(label)!) <= tolerance, `${place} ${label}`);
      }
    }
    assert.ok(winners.size > 1, "one class for all proves nothing");
    model.dispose();
  });
}

test("without an engine it is the first that works, and says so", async () => {
  const model = await load(TFJS);
  assert.deepEqual(model.tried, [{ engine: "wasm", ms: null, reason: "the first that works" }]);
  assert.match(model.engine.kernels, /^WebAssembly SIMD, 1 thread$/);
  model.dispose();
});

test("an operation that WebAssembly lacks runs in plain JavaScript, and that is told", async () => {
  const model = await load(join(FOLDER, "einsum.tfjs", "model.json"));
  assert.equal(model.engine.name, "cpu");
  assert.match(model.tried[0]!.reason, /Einsum/);
  const { answer } = await model.predict({ pixels: new Float32Array(12).fill(1) });
  assert.equal(answer!.length, 4);
  await fails(model.classify(photos[0]!), /takes plain tensors/);
  model.dispose();
});

test("a model comes from a path, a file: address and a server", async () => {
  const server = createServer((request, response) => {
    const path = join(dirname(expected.models["fp32.tfjs"]), decodeURIComponent(request.url ?? ""));
    try {
      response.end(readFileSync(path));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const remote = new URL(`${basename(dirname(TFJS))}/model.json`, address);
  try {
    for (const where of [TFJS, pathToFileURL(TFJS), pathToFileURL(TFJS).href, remote, remote.href, TFLITE]) {
      const seen: [number, number | null][] = [];
      const model = await load(where, { onProgress: (...bytes) => seen.push(bytes) });
      assert.equal((await model.classify(photos[0]!, { top: 1 })).predictions.length, 1);
      assert.ok(seen.length > 0 && seen.at(-1)![0] === seen.at(-1)![1]);
      model.dispose();
    }
    await fails(load(new URL("none/model.json", address)), /the server answered 404/);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("a site's manifest leads to its models, whose files are checked", async () => {
  const site = join(FOLDER, "site #1");
  mkdirSync(join(site, "models"), { recursive: true });
  cpSync(TFLITE, join(site, "models", "a.tflite"));
  const data = readFileSync(TFLITE);
  const file = (sha256: string) => ({ path: "models/a.tflite", bytes: data.length, sha256 });
  const entry = { format: "tflite", precision: "fp32", url: "models/a.tflite", bytes: data.length };
  const right = file(createHash("sha256").update(data).digest("hex"));
  const models = [
    { ...entry, id: "wrong", files: [file("0".repeat(64))] },
    { ...entry, id: "right", files: [right] },
  ];
  const manifest = join(site, "manifest.json");
  writeFileSync(manifest, JSON.stringify({ schema: 1, name: "site", models }));
  assert.equal((await readManifest(manifest)).models.length, 2);
  const model = await load(`${manifest}#right`);
  assert.equal((await model.classify(photos[0]!)).predictions[0]!.label, expected.answers["fp32.tflite"]![0]![0]![0]);
  model.dispose();
  await fails(load(`${manifest}#wrong`), /sha-?256|digest|manifest/i);
  await fails(load(`${manifest}#none`), /no model none\. Its models: wrong, right/);
});

test("grey, RGB and RGBA pixels give one answer, also of a part of a larger memory", async () => {
  const model = await load(TFLITE);
  const [width, height] = [31, 17];
  const grey = Uint8Array.from({ length: width * height }, (_, place) => (place * 7) % 256);
  const spread = (channels: number) =>
    Uint8Array.from({ length: grey.length * channels }, (_, place) =>
      place % channels === 3 ? 255 : grey[Math.floor(place / channels)]!,
    );
  const inside = Buffer.concat([Buffer.alloc(100), spread(3), Buffer.alloc(100)]).subarray(100, -100);
  const answers = [];
  for (const data of [grey, spread(3), spread(4), new Uint8ClampedArray(spread(4)), inside]) {
    const before = data.slice();
    answers.push((await model.classify({ width, height, data })).predictions);
    assert.deepEqual(data.slice(), before, "the caller's picture stays as it is");
  }
  for (const other of answers) assert.deepEqual(other, answers[0]);
  model.dispose();
});

test("what is no picture is named", async () => {
  const model = await load(TFLITE);
  const classify = (value: unknown) => model.classify(value as Library.Picture);
  for (const value of ["cat.jpg", Buffer.from("JPEG"), null, { width: 1, height: 1.5, data: new Uint8Array(3) }]) {
    await fails(classify(value), /takes pixels.*decodes no photos/);
  }
  await fails(classify({ width: 2, height: 2, data: new Uint8Array(7) }), /has 4 values, or 3 or 4 times as many\. Got: 7/);
  model.dispose();
});

test("raw tensors are checked", async () => {
  const model = await load(TFLITE);
  const [{ name, shape }] = model.inputs as [Library.TensorInfo];
  const size = shape.reduce((product, one) => product * Math.max(one, 1), 1);
  const outputs = await model.predict({ [name]: new Float32Array(size) });
  assert.equal(outputs[model.outputs[0]!.name]!.length, 4);
  await fails(model.predict({ [name]: new Float32Array(5) }), /takes \d+ values.*Got: 5/);
  await fails(model.predict({ other: new Float32Array(size) }), /The model takes .*Got: other/);
  model.dispose();
});

test("a measurement has EdgeKit's protocol, and the program goes on meanwhile", async () => {
  const model = await load(TFJS);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const shares: number[] = [];
  const benchmark = await model.benchmark(SHORT, (share) => shares.push(share));
  clearInterval(timer);
  assert.ok(turns >= 5, `${turns}`);
  assert.ok(benchmark.durations.length >= 15 && benchmark.durations.length === benchmark.latency.runs);
  assert.ok(Math.min(benchmark.download_ms, benchmark.load_ms, benchmark.first_call_ms, benchmark.latency.p50) > 0);
  assert.equal(shares.at(-1), 1);
  assert.deepEqual([benchmark.secure_context, benchmark.cross_origin_isolated], [true, false]);
  assert.match(benchmark.user_agent, /^Node\.js/);
  await fails(model.benchmark({ min_runs: 0 }), /number of runs/);
  model.dispose();
});

test("pictures wait for one another", async () => {
  const model = await load(TFLITE);
  const answers = await Promise.all(photos.map((photo) => model.classify(photo)));
  const labels = answers.map(({ predictions }) => predictions[0]!.label);
  assert.deepEqual(labels, expected.answers["fp32.tflite"]!.map((one) => one[0]![0]));
  model.dispose();
});

test("two models live side by side, and one that is disposed of says so", async () => {
  const [one, other] = await Promise.all([load(TFJS), load(TFLITE)]);
  const waiting = one.classify(photos[0]!);
  one.dispose();
  one.dispose();
  await fails(waiting, /disposed/);
  await fails(one.classify(photos[0]!), /disposed/);
  assert.ok(await other.classify(photos[0]!));
  other.dispose();
});

test("a program that forgets a model ends all the same", () => {
  const code = `import { load } from ${JSON.stringify(LIBRARY)};
    const model = await load(${JSON.stringify(TFLITE)});
    console.log((await model.predict({ [model.inputs[0].name]: new Uint8Array(${48 * 40 * 3}) }))[model.outputs[0].name].length);`;
  const options = { encoding: "utf-8", timeout: 60_000 } as const;
  assert.equal(execFileSync(process.execPath, ["--input-type=module", "-e", code], options), "4\n");
});

test("loading is cancelled", async () => {
  const reason = new Error("changed my mind");
  await assert.rejects(load(TFJS, { signal: AbortSignal.abort(reason) }), reason);
  const control = new AbortController();
  const loading = load(TFJS, { signal: control.signal });
  control.abort(reason);
  await assert.rejects(loading, reason);
});

test("what is not there, or is a folder, is named", async () => {
  await fails(load(join(FOLDER, "none.tflite")), /There is no file .*none\.tflite\.$/);
  await fails(load(join(FOLDER, "none", "model.json")), /There is no file .*model\.json\.$/);
  await fails(load(expected.models["fp32.tfjs"]), /is a folder\. Give the path of the model\.json/);
  await fails(load(join(FOLDER, "expected.json")), /is no manifest of EdgeKit/);
});

test("broken models are one sentence", async () => {
  const cut = join(FOLDER, "cut.tflite");
  writeFileSync(cut, readFileSync(TFLITE).subarray(0, 2000));
  await fails(load(cut), /cut\.tflite/);
  const lone = join(FOLDER, "lone.tfjs");
  mkdirSync(lone);
  cpSync(TFJS, join(lone, "model.json"));
  await fails(load(join(lone, "model.json")), /There is no file .*\.bin\.$/);
  writeFileSync(join(lone, "model.json"), "{");
  await fails(load(join(lone, "model.json")), /is not a sound TensorFlow\.js model/);
});

test("an engine that does not fit is named with those that do", async () => {
  const other = (engine: string) => load(TFLITE, { engine: engine as Library.EngineName });
  await fails(other("webgl"), /The engine webgl is for browsers\. In Node there are: wasm, cpu, litert-wasm\./);
  await fails(other("abacus"), /The engine abacus is unknown/);
  await fails(other("wasm"), /is a \.tflite, which the engine wasm does not run\. Choose one of: litert-wasm/);
});
