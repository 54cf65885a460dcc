import { expect, test } from "vitest";
import type { LatencyStats, Protocol } from "../../src/api.ts";
import type { EngineInfo } from "../../src/engines/engine.ts";
import { findDoubts } from "../../src/validity.ts";

const ENGINE: EngineInfo = {
  ...{ name: "webgl", version: "4", kernels: "WebGL", threads: 1, adapter: "SwiftShader" },
  software: false,
};
const PROTOCOL: Protocol = { warmup_runs: 1, warmup_seconds: 0, min_runs: 100, min_seconds: 1, max_seconds: 60 };
const STATS: LatencyStats = {
  ...{ runs: 100, seconds: 1, mean: 10, std: 0.1, min: 9.9, max: 11, p50: 10, p90: 10.2, p99: 10.8 },
  ...{ p50_low: 9.9, p50_high: 10.1, first_third_p50: 10, last_third_p50: 10.1 },
};

test("a steady measurement is believed", () => {
  expect(findDoubts(STATS, PROTOCOL, ENGINE)).toEqual([]);
});

test.each([
  [{ runs: 99 }, "Only 99 of 100 runs were done in 60 s."],
  [{ p50_high: 10.5 }, "The 95 % interval of the median is 6 % wide (limit 5 %): the times vary too much."],
  [{ last_third_p50: 12 }, "20 % slower than the first"],
  [{ last_third_p50: 8 }, "20 % faster than the first"],
])("%j is doubted", (change, reason) => {
  const doubts = findDoubts({ ...STATS, ...change }, PROTOCOL, ENGINE);
  expect(doubts).toHaveLength(1);
  expect(doubts[0]).toContain(reason);
});

test("an imitated graphics adapter is named", () => {
  expect(findDoubts(STATS, PROTOCOL, { ...ENGINE, software: true })[0]).toContain("SwiftShader");
});

test("a clock that is too coarse for the model does no harm", () => {
  const zeros = { p50: 0, p50_low: 0, p50_high: 0, first_third_p50: 0, last_third_p50: 0 };
  expect(findDoubts({ ...STATS, ...zeros }, PROTOCOL, ENGINE)).toEqual([]);
});
