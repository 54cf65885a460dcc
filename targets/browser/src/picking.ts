// Which engine to take: decisions without side effects.
import type { EngineName, ModelFormat } from "./engines/engine.ts";

/** What a page can know of the device without trying. */
export interface Surroundings {
  readonly webgpu: boolean;
  readonly secureContext: boolean;
}

/** An engine that was tried. */
export interface Candidate {
  readonly engine: EngineName;
  /** Median of its warm runs, milliseconds. */
  readonly ms: number;
  /** What it answered to the sample. */
  readonly answer: Float32Array;
}

/** In the order of trying: first what works everywhere, since the others' answers are compared with its. */
const ORDER: Readonly<Record<ModelFormat, readonly EngineName[]>> = {
  tfjs: ["wasm", "webgpu", "webgl"],
  tflite: ["litert-wasm", "litert-webgpu"],
};

/** Tried only where nothing else works: it takes ten times as long as WebAssembly. */
const LAST: Readonly<Record<ModelFormat, readonly EngineName[]>> = { tfjs: ["cpu"], tflite: [] };

/** The engines to try for a format, and those that are known not to work here, with the reason. */
export function listCandidates(
  format: ModelFormat,
  here: Surroundings,
): { first: EngineName[]; last: readonly EngineName[]; without: [EngineName, string][] } {
  const reason = here.webgpu
    ? null
    : here.secureContext
      ? "this browser has no WebGPU"
      : "WebGPU needs a secure context (https, or localhost)";
  const needsWebgpu = (engine: EngineName) => engine.endsWith("webgpu");
  const first = ORDER[format].filter((engine) => reason === null || !needsWebgpu(engine));
  const without = ORDER[format].filter((engine) => !first.includes(engine));
  return { first, last: LAST[format], without: without.map((engine) => [engine, reason ?? ""]) };
}

/**
 * How far an engine's answer may lie from the first one's, as a share of the largest absolute value there. Graphics
 * processors of phones compute in 16 bits, which costs about 0.01; what is broken is far beyond.
 */
const TOLERANCE = 0.05;

/** Why an answer cannot be right, or `null`. */
export function findWrongAnswer(answer: Float32Array, reference: Float32Array | null): string | null {
  if (!answer.every(Number.isFinite)) return "it answers values that are no numbers";
  if (reference === null) return null;
  if (answer.length !== reference.length) return "its answer has another size";
  let [largest, furthest] = [0, 0];
  for (const [place, value] of reference.entries()) {
    largest = Math.max(largest, Math.abs(value));
    furthest = Math.max(furthest, Math.abs(value - answer[place]!));
  }
  return furthest <= TOLERANCE * largest ? null : `its answer differs by ${furthest.toPrecision(2)}`;
}

/** The fastest of them; of equals, the one that was tried first. */
export function findFastest<T extends Candidate>(candidates: readonly T[]): T | null {
  let best: T | null = null;
  for (const candidate of candidates) if (best === null || candidate.ms < best.ms) best = candidate;
  return best;
}

/** Why no engine runs a model. A broken one fails in every engine for one reason, which then says it all. */
export function explainNone(
  name: string,
  tried: readonly { readonly engine: EngineName; readonly reason: string }[],
): string {
  const engines = new Map<string, EngineName[]>();
  for (const { engine, reason } of tried) engines.set(reason, [...(engines.get(reason) ?? []), engine]);
  const reasons = [...engines.keys()].filter(Boolean);
  if (reasons.length === 1) return reasons[0]!;
  const lines = reasons.map((reason) => `${engines.get(reason)!.join(", ")}: ${reason.replace(/\.$/, "")}`);
  return `${name} runs in no engine here. ${lines.join("; ")}.`;
}
