// Does one job with the library, the same that other people's pages use.
import type { AnswerJob, Measured, MeasureJob, Reply } from "./jobs.ts";
import type { Load, Model, Protocol } from "../api.ts";
import { EdgeKitError } from "../errors.ts";
import type { TensorInfo, Values } from "../engines/engine.ts";
import { findDoubts } from "../validity.ts";

export type Notify = (share: number) => void;

/** What is used of a model, here and in Node. */
type Measurable = Pick<Model, "inputs" | "outputs" | "predict" | "benchmark">;

/** The result of a job; what goes wrong is a result, too. */
export async function runJob(load: Load, job: MeasureJob | AnswerJob, notify: Notify): Promise<Reply> {
  try {
    const model = await load(new URL(job.model, location.href), { engine: job.engine });
    try {
      return job.op === "measure" ? await measure(model, job.protocol, notify) : await answer(model, job, notify);
    } finally {
      model.dispose();
    }
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

/** A measurement, and what makes it doubtful beyond the times themselves. */
export async function measure(model: Measurable, protocol: Protocol, notify: Notify = () => {}): Promise<Measured> {
  const benchmark = await model.benchmark(protocol, notify);
  const shown = findDoubts(benchmark.latency, benchmark.protocol, { ...benchmark.engine, software: false });
  return { ok: true, benchmark, doubts: benchmark.reasons.filter((reason) => !shown.includes(reason)) };
}

async function answer(model: Model, job: AnswerJob, notify: Notify): Promise<Reply> {
  const response = await fetch(new URL(job.pixels, location.href));
  if (!response.ok) throw new Error(`its photos cannot be fetched (${response.status})`);
  const pixels = new Uint8Array(await response.arrayBuffer());
  const size = job.shape.reduce((product, one) => product * one, 1);
  if (pixels.length !== size * job.count) throw new Error("its photos are not complete");
  const answers = await answerPhotos(model, pixels, job.count, notify);
  return { ok: true, engine: model.engine, outputs: toBase64(answers) };
}

/**
 * What a model answers to photos.
 *
 * @param pixels - uint8, of the model's size, one photo after the other.
 * @returns real values of each one's answer.
 */
export async function answerPhotos(
  model: Measurable,
  pixels: Uint8Array,
  count: number,
  notify: Notify = () => {},
): Promise<Float32Array[]> {
  const [input, output] = [model.inputs[0], model.outputs[0]];
  if (!input || !output || model.inputs.length > 1) throw new EdgeKitError("It does not take one photo.");
  const size = pixels.length / count;
  const answers: Float32Array[] = [];
  for (let index = 0; index < count; index++) {
    const photo = pixels.slice(index * size, (index + 1) * size);
    const values = (await model.predict({ [input.name]: photo }))[output.name];
    if (!values) throw new EdgeKitError(`It has no output ${output.name}.`);
    answers.push(realValues(values, output));
    notify((index + 1) / count);
  }
  return answers;
}

/** real value = scale * (stored value - zero point), in single precision as Python's. */
export function realValues(values: Values, { scale, zeroPoint }: TensorInfo): Float32Array {
  const real = Float32Array.from(values);
  if (scale === null) return real;
  const factor = Math.fround(scale);
  return real.map((value) => (value - zeroPoint) * factor);
}

/** The values, one array after the other, as little-endian float32. */
export function toBase64(arrays: readonly Float32Array[]): string {
  const count = arrays.reduce((sum, array) => sum + array.length, 0);
  const view = new DataView(new ArrayBuffer(4 * count));
  let at = 0;
  for (const array of arrays) {
    for (const value of array) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  const bytes = new Uint8Array(view.buffer);
  let text = "";
  // One call with all bytes would have too many arguments.
  for (let start = 0; start < bytes.length; start += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  }
  return btoa(text);
}
