// The page's decisions. How it looks and behaves is tested in a browser: tests/browser/test_page.py.
import { expect, test } from "vitest";
import type { Prediction } from "../../src/api.ts";
import type { EngineInfo } from "../../src/engines/engine.ts";
import type { SiteManifest, SiteModel } from "../../src/manifest.ts";
import { readChoice, writeChoice } from "../../page/address.ts";
import { findTint } from "../../page/colour.ts";
import { explain, explainOthers } from "../../page/explain.ts";
import { placeFrame } from "../../page/frame.ts";
import { countBins } from "../../page/histogram.ts";
import { inWords } from "../../page/phrases.ts";
import { sift } from "../../page/pictures.ts";
import { createRate } from "../../page/rate.ts";
import { bytes, milliseconds, percent } from "../../page/words.ts";

const model = (id: string, format: "tfjs" | "tflite"): SiteModel =>
  ({ id, format, precision: "fp32", url: `models/${id}`, bytes: 1, files: [] });
const SITE: SiteManifest = {
  schema: 1,
  name: "flowers",
  models: [model("a.tfjs", "tfjs"), model("a.tflite", "tflite")],
  url: "https://example.org/manifest.json",
};

test("numbers are written as people read them, and never as more certain than they are", () => {
  expect(percent(0.9724)).toBe("97.2 %");
  expect(percent(0.99999)).toBe("> 99.9 %");
  expect(percent(1)).toBe("> 99.9 %");
  expect(percent(0.0001)).toBe("< 0.1 %");
  expect(percent(0)).toBe("< 0.1 %");
  expect([0.4179, 5.314, 9.996, 99.96, 876.4].map(milliseconds)).toEqual(["0.42", "5.31", "10.0", "100", "876"]);
  expect([999, 798_000, 999_600, 2_260_000].map(bytes)).toEqual(["999 B", "798 kB", "1.0 MB", "2.3 MB"]);
});

test("the address keeps a choice, and what does not fit the site is left out", () => {
  const choice = { model: SITE.models[1]!, engine: "litert-wasm" } as const;
  expect(readChoice(writeChoice(choice), SITE)).toEqual(choice);
  expect(readChoice("", SITE)).toEqual({ model: SITE.models[0], engine: null });
  expect(readChoice("#model=gone&engine=warp", SITE)).toEqual({ model: SITE.models[0], engine: null });
  expect(readChoice("#engine=litert-wasm", SITE)).toEqual(choice);
  expect(readChoice("#model=a.tfjs&engine=litert-wasm", SITE)).toEqual({ model: SITE.models[0], engine: null });
});

test("the tint is the hue of the bright thing in the middle, and grey has none", () => {
  const size = 40;
  const pixels = new Uint8Array(3 * size * size).fill(128);
  expect(findTint(pixels, size, size).chroma).toBeLessThan(0.001);
  for (let y = 15; y < 25; y++) for (let x = 15; x < 25; x++) pixels.set([255, 0, 0], 3 * (y * size + x));
  const red = findTint(pixels, size, size);
  expect(Math.abs(red.hue - 29)).toBeLessThan(10); // red is at 29 degrees in OKLCH
  expect(red.chroma).toBe(0.16);
  expect(findTint(new Uint8Array(3 * size * size), size, size).chroma).toBe(0);
});

test("the frame is the centred crop, in a picture that is shown whole", () => {
  const box = { width: 400, height: 300 };
  expect(placeFrame(box, { width: 800, height: 400 }, 1)).toEqual({ left: 100, top: 50, width: 200, height: 200 });
  expect(placeFrame(box, { width: 300, height: 600 }, 1)).toEqual({ left: 125, top: 75, width: 150, height: 150 });
  expect(placeFrame(box, { width: 400, height: 300 }, 2)).toEqual({ left: 0, top: 50, width: 400, height: 200 });
});

test("every run is in a bin or beyond, and slow ones do not press the others together", () => {
  const durations = [...Array.from({ length: 98 }, (_, place) => 5 + place / 100), 60, 80];
  const bins = countBins(durations, { min: 5, p50: 5.49, p90: 5.89, p99: 60 });
  expect(bins.counts.reduce((sum, count) => sum + count, 0) + bins.beyond).toBe(100);
  expect(bins.beyond).toBe(2);
  expect(bins.counts.filter((count) => count > 0).length).toBeGreaterThan(10);
  const same = countBins([3, 3, 3], { min: 3, p50: 3, p90: 3, p99: 3 });
  expect(same.counts[0]).toBe(3);
});

test("the rate counts the last second's answers", () => {
  const rate = createRate();
  expect(rate(0)).toBe(0);
  let last = 0;
  for (let now = 50; now <= 3000; now += 50) last = rate(now);
  expect(last).toBeCloseTo(20);
});

test("photos are told from other files; what has no type may be one", () => {
  const files = [
    new File([], "a.jpg", { type: "image/jpeg" }),
    new File([], "b.heic"),
    new File([], "c.pdf", { type: "application/pdf" }),
  ];
  const { photos, others } = sift(files);
  expect(photos.map((photo) => photo.name)).toEqual(["a.jpg", "b.heic"]);
  expect(others).toEqual(["c.pdf"]);
});

test("it is said what runs and why others do not", () => {
  const engine: EngineInfo = {
    name: "wasm",
    version: "",
    kernels: "wasm-simd, 2 threads",
    threads: 2,
    adapter: null,
    software: false,
  };
  const tried = [
    { engine: "wasm", ms: 5, reason: "" },
    { engine: "webgl", ms: 70, reason: "" },
    { engine: "webgpu", ms: null, reason: "this browser has no WebGPU. Choose another engine." },
  ] as const;
  expect(explain({ engine, tried }, null)).toBe(
    "TensorFlow.js on WebAssembly runs it (wasm-simd, 2 threads). It was the fastest of those tried.",
  );
  expect(explainOthers({ engine, tried })).toEqual(["TensorFlow.js on WebGPU: this browser has no WebGPU."]);
  const known = [{ engine: "wasm", ms: 5, reason: "the fastest when all were tried" }] as const;
  expect(explain({ engine: { ...engine, kernels: "WebAssembly SIMD, 1 thread" }, tried: known }, null)).toBe(
    "TensorFlow.js on WebAssembly runs it (SIMD, 1 thread). It was the fastest when all were tried.",
  );
  const software = { ...engine, name: "webgl", adapter: "SwiftShader", software: true } as const;
  expect(explain({ engine: software, tried: [] }, "webgl")).toContain("imitates");
});

test("an answer in words tells the first three, and of none of these no share", () => {
  const one = (name: string, probability: number, index = 0): Prediction =>
    ({ label: name, name, description: "", probability, index });
  const all = [one("rose", 0.9), one("tulip", 0.08), one("daisy", 0.01), one("iris", 0.01)];
  expect(inWords(all)).toBe("rose, 90.0 %; tulip, 8.0 %; daisy, 1.0 %");
  expect(inWords([one("none of these", 0.4, -1)])).toBe("none of these");
});
