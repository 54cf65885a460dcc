// The latency protocol's numbers, exactly as edgekit/measure/latency.py has them: percentiles are linear between order
// statistics (type 7 of Hyndman and Fan, The American Statistician 50, 1996).
import type { LatencyStats, Protocol } from "../api.ts";
import { EdgeKitError } from "../errors.ts";

export const DEFAULT_PROTOCOL: Protocol = {
  warmup_runs: 10,
  warmup_seconds: 0.5,
  min_runs: 100,
  min_seconds: 2,
  max_seconds: 60,
};

/** Runs up to which the interval's ranks come from exact binomial sums. */
const EXACT_UP_TO = 1000;

/**
 * The whole protocol, with defaults for what is not given.
 *
 * @throws EdgeKitError - a number that no run can follow.
 */
export function checkProtocol(given: Partial<Protocol> = {}): Protocol {
  const protocol = { ...DEFAULT_PROTOCOL, ...given };
  const { warmup_runs, min_runs, warmup_seconds, min_seconds, max_seconds } = protocol;
  if (!(Number.isInteger(min_runs) && Number.isInteger(warmup_runs) && min_runs >= 1 && warmup_runs >= 0)) {
    throw new EdgeKitError(`The number of runs must be positive. Got: ${min_runs}, warm-up ${warmup_runs}.`);
  }
  const times = [warmup_seconds, min_seconds, max_seconds];
  if (!times.every((seconds) => Number.isFinite(seconds) && seconds >= 0) || max_seconds === 0) {
    throw new EdgeKitError(`The protocol's durations must be positive and finite. Got: ${times.join(", ")}.`);
  }
  return protocol;
}

/**
 * Whether one part of the protocol goes on: until a number of runs and a duration are reached, but not for longer than
 * the limit.
 */
export function goesOn(runs: number, seconds: number, minRuns: number, minSeconds: number, maxSeconds: number): boolean {
  return (runs < minRuns || seconds < minSeconds) && seconds < maxSeconds;
}

/** Statistics of the milliseconds of single runs, in the order they were run; at least one. */
export function summarize(milliseconds: ArrayLike<number>): LatencyStats {
  const inOrder = Float64Array.from(milliseconds);
  const ordered = inOrder.toSorted();
  const runs = ordered.length;
  if (runs === 0) throw new EdgeKitError("There are no runs to speak of. Measure again.");
  const sum = ordered.reduce((a, b) => a + b, 0);
  const mean = sum / runs;
  const squares = ordered.reduce((total, value) => total + (value - mean) ** 2, 0);
  const [low, high] = medianRanks(runs);
  const third = Math.max(Math.floor(runs / 3), 1);
  return {
    runs,
    seconds: sum / 1e3,
    mean,
    std: runs > 1 ? Math.sqrt(squares / (runs - 1)) : 0,
    min: ordered[0]!,
    max: ordered[runs - 1]!,
    p50: percentile(ordered, 50),
    p90: percentile(ordered, 90),
    p99: percentile(ordered, 99),
    p50_low: ordered[low - 1]!,
    p50_high: ordered[high - 1]!,
    first_third_p50: median(inOrder.slice(0, third)),
    last_third_p50: median(inOrder.slice(-third)),
  };
}

/** @param ordered - ascending, at least one. */
export function percentile(ordered: Float64Array, percent: number): number {
  const place = (ordered.length - 1) * (percent / 100);
  const before = Math.floor(place);
  const [a, b, share] = [ordered[before]!, ordered[Math.min(before + 1, ordered.length - 1)]!, place - before];
  // From the nearer side, as NumPy does it.
  return share < 0.5 ? a + (b - a) * share : b - (b - a) * (1 - share);
}

/**
 * The ranks (1-based) of the order statistics that enclose the median with at least 95 % confidence.
 *
 * The number of samples below the true median is binomial(n, 1/2), whatever the distribution of the times. So the
 * interval from the j-th smallest to the j-th largest misses it with probability 2 P(B <= j - 1), and j is the largest
 * with P(B <= j - 1) <= 0.025 (Conover, Practical Nonparametric Statistics, 3rd ed. 1999, section 3.2). Above
 * EXACT_UP_TO samples, j = floor((n + 1) / 2 - 1.96 sqrt(n) / 2).
 */
export function medianRanks(count: number): [number, number] {
  if (count > EXACT_UP_TO) {
    const rank = Math.trunc((count + 1) / 2 - (1.96 * Math.sqrt(count)) / 2);
    return [rank, count + 1 - rank];
  }
  // Whole numbers: sum of C(n, i) for i < j, compared with 0.025 * 2^n.
  const all = 1n << BigInt(count);
  let [rank, below, ways] = [0, 0n, 1n];
  while ((below + ways) * 40n <= all) {
    below += ways;
    ways = (ways * BigInt(count - rank)) / BigInt(rank + 1);
    rank++;
  }
  rank = Math.max(rank, 1);
  return [rank, count + 1 - rank];
}

function median(values: Float64Array): number {
  const ordered = values.toSorted();
  const half = ordered.length >> 1;
  return ordered.length % 2 ? ordered[half]! : (ordered[half - 1]! + ordered[half]!) / 2;
}
