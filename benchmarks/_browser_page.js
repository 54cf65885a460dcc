// What benchmarks/browser.py does in the browser: one artifact after the other, all ways to an answer in turns.
import { load } from "./lib/index.js";
import { FilesetResolver, ImageClassifier } from "./mediapipe/vision_bundle.mjs";

/** Of every round of the library's own measurement of the engine. */
const protocol = (runs) => ({ warmup_runs: 0, warmup_seconds: 0, min_runs: runs, min_seconds: 0, max_seconds: 60 });

/** As the library decodes photos. */
const BITMAP = { colorSpaceConversion: "none", premultiplyAlpha: "none" };

/**
 * @param tflite - address of the artifact.
 * @param tfjs - address of the same model for TensorFlow.js, or null.
 * @param frames - addresses of photos of 640x480, which take turns.
 * @param small - addresses of photos of the model's size.
 */
globalThis.compare = async ({ tflite, tfjs, frames, small, rounds, warmup, calls }) => {
  const starts = {};
  const start = async (name, work) => {
    const begin = performance.now();
    const value = await work();
    starts[name] = performance.now() - begin;
    return value;
  };
  const litert = await start("LiteRT.js", () => load(tflite, { engine: "litert-wasm" }));
  const mediapipe = await start("MediaPipe", () => openMediaPipe(tflite));
  const tensorflow = tfjs && (await start("TF.js", () => load(tfjs, { engine: "wasm" })));
  const bitmaps = await Promise.all(frames.map(decode));

  const kinds = {
    "LiteRT.js run": () => runReady(litert, calls),
    "LiteRT.js classify": () => classifyAll(litert, bitmaps, calls),
    "MediaPipe classify": () => classifyWithMediaPipe(mediapipe, bitmaps, calls),
    ...(tensorflow && {
      "TF.js run": () => runReady(tensorflow, calls),
      "TF.js classify": () => classifyAll(tensorflow, bitmaps, calls),
    }),
  };
  const names = Object.keys(kinds);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -warmup; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round + warmup) % names.length];
      const measured = await kinds[name]();
      if (round >= 0) times[name].push(measured);
    }
  }

  const best = await compareBest(litert, tensorflow, mediapipe, await Promise.all(small.map(decode)));
  const engines = Object.fromEntries(
    [litert, tensorflow].filter(Boolean).map(({ engine }) => [engine.name, `${engine.version}, ${engine.kernels}`]),
  );
  litert.dispose();
  tensorflow?.dispose();
  mediapipe.close();
  return { starts, times, best, engines, isolated: crossOriginIsolated, processors: navigator.hardwareConcurrency };
};

async function openMediaPipe(tflite) {
  const fileset = await FilesetResolver.forVisionTasks(new URL("mediapipe/wasm", location.href).href);
  return ImageClassifier.createFromOptions(fileset, {
    baseOptions: { modelAssetPath: new URL(tflite, location.href).href, delegate: "CPU" },
    runningMode: "IMAGE",
    maxResults: 5,
  });
}

async function decode(url) {
  return createImageBitmap(await (await fetch(url)).blob(), BITMAP);
}

/** The engine's own runs on a ready tensor; the reading apart. */
async function runReady(model, calls) {
  const { durations, read } = await model.benchmark(protocol(calls));
  return { total: durations, read: [read.p50] };
}

async function classifyAll(model, bitmaps, calls) {
  const parts = { total: [], decode: [], prepare: [], run: [], read: [] };
  for (let call = 0; call < calls; call++) {
    const begin = performance.now();
    const { times } = await model.classify(bitmaps[call % bitmaps.length]);
    const total = performance.now() - begin;
    for (const part of Object.keys(parts)) parts[part].push(part === "total" ? total : times[part]);
  }
  return parts;
}

async function classifyWithMediaPipe(classifier, bitmaps, calls) {
  const total = [];
  for (let call = 0; call < calls; call++) {
    const begin = performance.now();
    classifier.classify(bitmaps[call % bitmaps.length]);
    total.push(performance.now() - begin);
    // As between two frames of a camera; the library's own way is asynchronous anyway.
    await new Promise((resolve) => setTimeout(resolve));
  }
  return { total };
}

/** The best class of each photo, by each; several where they are equal, as 8 bits often have it. */
async function compareBest(litert, tensorflow, mediapipe, bitmaps) {
  const best = { "LiteRT.js": [], MediaPipe: [], ...(tensorflow && { "TF.js": [] }) };
  for (const bitmap of bitmaps) {
    best["LiteRT.js"].push(findBest((await litert.classify(bitmap)).predictions, "label", "probability"));
    if (tensorflow) best["TF.js"].push(findBest((await tensorflow.classify(bitmap)).predictions, "label", "probability"));
    best.MediaPipe.push(findBest(mediapipe.classify(bitmap).classifications[0].categories, "categoryName", "score"));
  }
  return best;
}

function findBest(classes, name, score) {
  return classes.filter((one) => one[score] === classes[0][score]).map((one) => one[name]);
}

globalThis.ready = true;
