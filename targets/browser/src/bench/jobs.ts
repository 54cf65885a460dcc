// What EdgeKit asks a browser to do, and what the browser answers.
import type { Benchmark, Protocol } from "../api.ts";
import type { EngineInfo, EngineName } from "../engines/engine.ts";

/** A model, by its address relative to the page, and the engine that is to run it. */
interface ModelJob {
  readonly id: string;
  readonly name: string;
  readonly model: string;
  readonly engine: EngineName;
}

/** Measure its latency. */
export interface MeasureJob extends ModelJob {
  readonly op: "measure";
  readonly protocol: Protocol;
}

/** Answer photos: `count` of them, each uint8 of `shape` (height, width, channels), one after the other. */
export interface AnswerJob extends ModelJob {
  readonly op: "answer";
  readonly pixels: string;
  readonly count: number;
  readonly shape: readonly number[];
}

/** Nothing is left to do. */
export interface EndJob {
  readonly op: "end";
  readonly text: string;
}

export type Job = MeasureJob | AnswerJob | EndJob;

/** Real values, not stored ones, of each photo's answer: float32 in Base64, little-endian. */
export interface Answers {
  readonly ok: true;
  readonly engine: EngineInfo;
  readonly outputs: string;
}

export interface Measured {
  readonly ok: true;
  readonly benchmark: Benchmark;
  /** Doubts that only the browser can have: what the times themselves show, EdgeKit sees. */
  readonly doubts: readonly string[];
}

export interface Failed {
  readonly ok: false;
  readonly error: string;
}

export type Reply = Answers | Measured | Failed;
