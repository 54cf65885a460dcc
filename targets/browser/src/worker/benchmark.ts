// The latency protocol in the worker, as edgekit/measure/latency.py has it.
import type { Benchmark, Protocol } from "../api.ts";
import { checkProtocol, goesOn, summarize } from "../core/statistics.ts";
import type { Run } from "../engines/engine.ts";
import { findDoubts } from "../validity.ts";
import { sampleInputs } from "./sample.ts";
import type { Session } from "./session.ts";

/** Progress is told at most so often, milliseconds: telling takes time, too. */
const TELL_EVERY = 100;

/** Of the progress that is told; with the default protocol it is that of the time, too. */
const WARMUP_SHARE = 0.2;

/**
 * Measures the engine on a ready tensor.
 *
 * @param onProgress - the share that is done, 0..1.
 * @throws EdgeKitError - the protocol makes no sense.
 */
export async function runBenchmark(
  session: Session,
  given: Partial<Protocol>,
  onProgress: (share: number) => void,
): Promise<Benchmark> {
  const protocol = checkProtocol(given);
  const { engine, opening, spec } = session;
  const inputs = sampleInputs(engine.inputs, spec);
  const work = (): Promise<Run> => engine.run(inputs);
  const most = protocol.max_seconds;
  const warmup: Repetition = { runs: protocol.warmup_runs, seconds: protocol.warmup_seconds, most };
  const measured: Repetition = { runs: protocol.min_runs, seconds: protocol.min_seconds, most };
  await repeat(work, warmup, (share) => onProgress(share * WARMUP_SHARE));
  const runs = await repeat(work, measured, (share) => onProgress(WARMUP_SHARE + share * (1 - WARMUP_SHARE)));
  const durations = runs.map(({ runMs, readMs }) => runMs + readMs);
  const latency = summarize(durations);
  const reasons = findDoubts(latency, protocol, engine.info);
  return {
    engine: engine.info,
    download_ms: opening.download,
    load_ms: opening.load,
    first_call_ms: opening.firstCall,
    protocol,
    latency,
    read: summarize(runs.map(({ readMs }) => readMs)),
    durations,
    valid: reasons.length === 0,
    reasons,
    secure_context: globalThis.isSecureContext,
    cross_origin_isolated: globalThis.crossOriginIsolated,
    user_agent: navigator.userAgent,
  };
}

interface Repetition {
  readonly runs: number;
  readonly seconds: number;
  /** It ends after so many seconds in any case. */
  readonly most: number;
}

async function repeat(
  work: () => Promise<Run>,
  wanted: Repetition,
  onProgress: (share: number) => void,
): Promise<Run[]> {
  const done: Run[] = [];
  const begin = performance.now();
  let now = begin;
  let told = begin;
  const seconds = (): number => (now - begin) / 1000;
  while (goesOn(done.length, seconds(), wanted.runs, wanted.seconds, wanted.most)) {
    const { runMs, readMs } = await work();
    done.push({ outputs: {}, runMs, readMs });
    now = performance.now();
    if (now - told < TELL_EVERY) continue;
    told = now;
    const share = Math.min(done.length / (wanted.runs || 1), seconds() / (wanted.seconds || 1e-9), 1);
    onProgress(Math.max(share, Math.min(seconds() / wanted.most, 1)));
  }
  onProgress(1);
  return done;
}
