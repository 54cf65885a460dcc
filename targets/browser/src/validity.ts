// May a measurement be trusted? As edgekit/measure/validity.py, as far as a browser can know.
import type { LatencyStats, Protocol } from "./api.ts";
import type { EngineInfo } from "./engines/engine.ts";

/** Width of the median's 95 % interval relative to the median. */
const MAX_INTERVAL = 0.05;

/** How far the medians of the first and the last third may lie apart. */
const MAX_DRIFT = 0.1;

/** Why the times should not be trusted, a sentence each; empty for a valid measurement. */
export function findDoubts(stats: LatencyStats, protocol: Protocol, engine: EngineInfo): string[] {
  const { runs, p50, p50_low, p50_high, first_third_p50, last_third_p50 } = stats;
  const doubts: string[] = [];
  if (engine.software) {
    const adapter = engine.adapter ?? engine.kernels;
    doubts.push(`A processor imitates the graphics adapter (${adapter}): these times say nothing about a real one.`);
  }
  if (runs < protocol.min_runs) {
    doubts.push(`Only ${runs} of ${protocol.min_runs} runs were done in ${protocol.max_seconds} s.`);
  }
  const width = relative(p50_high - p50_low, p50);
  if (width > MAX_INTERVAL) {
    doubts.push(
      `The 95 % interval of the median is ${percent(width)} wide (limit ${percent(MAX_INTERVAL)}): the times vary ` +
        "too much.",
    );
  }
  const change = relative(last_third_p50 - first_third_p50, first_third_p50);
  if (Math.abs(change) > MAX_DRIFT) {
    doubts.push(
      `The last third of the runs was ${percent(Math.abs(change))} ${change > 0 ? "slower" : "faster"} than the ` +
        "first: the device is not in a steady state.",
    );
  }
  return doubts;
}

/** `part / whole`; 0 for a whole of 0, which a clock too coarse for the model can give. */
function relative(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
