// That the numbers are Python's: tests/browser/test_core_agreement.py.
import { expect, test } from "vitest";
import { checkProtocol, DEFAULT_PROTOCOL, goesOn, medianRanks, summarize } from "../../src/core/statistics.ts";

test("one run", () => {
  const stats = summarize([3]);
  expect(stats).toMatchObject({ runs: 1, mean: 3, std: 0, p50: 3, p99: 3, p50_low: 3, p50_high: 3, last_third_p50: 3 });
  expect(stats.seconds).toBeCloseTo(0.003);
});

test("the order of the runs is kept for the thirds, and the list is left as it was", () => {
  const times = [9, 1, 5, 2, 8, 4];
  expect(summarize(times)).toMatchObject({ first_third_p50: 5, last_third_p50: 6, p50: 4.5, min: 1, max: 9 });
  expect(times).toEqual([9, 1, 5, 2, 8, 4]);
});

test("no run", () => expect(() => summarize([])).toThrow(/no runs/));

test("ranks of the median's interval", () => {
  // Conover's table A3: n = 20 gives 6 and 15.
  expect(medianRanks(20)).toEqual([6, 15]);
  expect(medianRanks(5)).toEqual([1, 5]);
  expect(medianRanks(1001)).toEqual([469, 533]);
});

test("a part ends when runs and duration are reached, or at the limit", () => {
  expect(goesOn(99, 3, 100, 2, 60)).toBe(true);
  expect(goesOn(100, 1.9, 100, 2, 60)).toBe(true);
  expect(goesOn(100, 2, 100, 2, 60)).toBe(false);
  expect(goesOn(1, 60, 100, 2, 60)).toBe(false);
});

test("protocols", () => {
  expect(checkProtocol()).toEqual(DEFAULT_PROTOCOL);
  expect(checkProtocol({ min_runs: 5 }).min_runs).toBe(5);
  for (const wrong of [{ min_runs: 0 }, { warmup_runs: -1 }, { min_runs: 1.5 }]) {
    expect(() => checkProtocol(wrong)).toThrow(/number of runs/);
  }
  for (const wrong of [{ max_seconds: 0 }, { min_seconds: NaN }, { warmup_seconds: -1 }]) {
    expect(() => checkProtocol(wrong)).toThrow(/durations/);
  }
});
