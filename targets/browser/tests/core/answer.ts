// Answers questions with the library's own functions, so that tests/browser/test_core_agreement.py can compare the
// answers with Python's: a list of questions in JSON on standard input, a list of answers on standard output.
import { readFileSync } from "node:fs";
import { inLanguage } from "../../src/core/language.ts";
import { classProbabilities, dequantize, topPredictions } from "../../src/core/outputs.ts";
import { createPrepare } from "../../src/core/prepare.ts";
import type { ModelSpec } from "../../src/core/spec.ts";
import { readSpec } from "../../src/core/specreading.ts";
import { summarize } from "../../src/core/statistics.ts";
import { readTfjs } from "../../src/core/tfjs.ts";
import { readTflite } from "../../src/core/tflite.ts";

type Question = Record<string, any>;

const OPERATIONS: Record<string, (question: Question) => unknown> = {
  prepare: ({ image, photo }) => {
    const pixels = createPrepare(image)({ ...photo, data: decode(photo.data) });
    return Buffer.from(pixels).toString("base64");
  },
  statistics: ({ milliseconds }) => summarize(milliseconds),
  spec: ({ text }) => readSpec(text, "m"),
  outputs: ({ spec, scores, top, language }) => {
    const read: ModelSpec = readSpec(spec, "m");
    const probabilities = classProbabilities(Float32Array.from(scores), read);
    return { probabilities: [...probabilities], top: topPredictions(probabilities, read, top, language) };
  },
  dequantize: ({ values, scale, zeroPoint }) =>
    [...dequantize(Int8Array.from(values), { name: "y", shape: [], dtype: "int8", scale, zeroPoint })],
  language: ({ texts, language }) => inLanguage(texts, language),
  tflite: ({ path, data }) => readTflite(data === undefined ? new Uint8Array(readFileSync(path)) : decode(data), "m"),
  tfjs: ({ path }) => readTfjs(new Uint8Array(readFileSync(path)), "m"),
};

function decode(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}

const questions = JSON.parse(readFileSync(0, "utf-8")) as Question[];
const answers = questions.map((question) => {
  try {
    return { answer: OPERATIONS[question["op"] as string]!(question) };
  } catch (error) {
    return { error: (error as Error).message, kind: (error as Error).name };
  }
});
process.stdout.write(JSON.stringify(answers));
