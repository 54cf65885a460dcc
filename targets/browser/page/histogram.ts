// A histogram of latencies, as SVG.
import type { LatencyStats } from "../src/api.ts";
import { draw } from "./dom.ts";
import { milliseconds } from "./words.ts";

export interface Bins {
  /** Milliseconds at the left edge of the first bin. */
  readonly from: number;
  /** Milliseconds of one bin. */
  readonly width: number;
  readonly counts: readonly number[];
  /** Runs slower than the last bin's right edge. */
  readonly beyond: number;
}

const BINS = 32;

/**
 * Counts durations in equal bins from the fastest up to a little over p99, or less far where p99 lies far off: a few
 * very slow runs must not press all others into one bin. Those are counted apart.
 *
 * @param durations - milliseconds, any order, at least one.
 */
export function countBins(
  durations: readonly number[],
  stats: Pick<LatencyStats, "min" | "p50" | "p90" | "p99">,
): Bins {
  const { min: from, p50, p90, p99 } = stats;
  const far = Math.min(p99 + 0.1 * (p99 - from), p90 + 4 * (p90 - p50));
  const to = Math.max(far, from * 1.02, from + 1e-3);
  const width = (to - from) / BINS;
  const counts = new Array<number>(BINS).fill(0);
  let beyond = 0;
  for (const duration of durations) {
    const bin = Math.floor((duration - from) / width);
    if (bin < BINS) counts[bin]! += 1;
    else beyond += 1;
  }
  return { from, width, counts, beyond };
}

const HEIGHT = 176;
const BASE = 146;

/** Draws the bins with p50, p90 and p99, as wide as told, in CSS pixels. */
export function drawHistogram(bins: Bins, stats: LatencyStats, width: number): SVGSVGElement {
  const svg = draw("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img" });
  svg.setAttribute("aria-label", describe(bins, stats));
  const most = Math.max(...bins.counts);
  const step = width / BINS;
  bins.counts.forEach((count, place) => {
    if (count === 0) return;
    const height = Math.max(2, (count / most) * (BASE - 24));
    svg.append(draw("rect", { x: place * step + 1, y: BASE - height, width: step - 2, height, rx: 1.5, class: "bin" }));
  });
  svg.append(draw("line", { x1: 0, x2: width, y1: BASE + 0.5, y2: BASE + 0.5, class: "axis" }));
  let free = -Infinity;
  for (const name of ["p50", "p90", "p99"] as const) {
    const x = ((stats[name] - bins.from) / bins.width) * step;
    if (x > width) continue;
    svg.append(draw("line", { x1: x, x2: x, y1: 16, y2: BASE + 6, class: `mark ${name}` }));
    // Marks that fall together keep their lines; of their names those that have room are written.
    const at = Math.min(Math.max(x, 14), width - 14);
    if (at - free < 34) continue;
    free = at;
    const text = draw("text", { x: at, y: 11, "text-anchor": "middle" });
    text.textContent = name;
    svg.append(text);
  }
  for (const [share, anchor] of [
    [0, "start"],
    [0.5, "middle"],
    [1, "end"],
  ] as const) {
    const text = draw("text", { x: share * width, y: BASE + 24, "text-anchor": anchor });
    text.textContent = `${milliseconds(bins.from + share * BINS * bins.width)} ms`;
    svg.append(text);
  }
  return svg;
}

function describe(bins: Bins, stats: LatencyStats): string {
  const to = bins.from + BINS * bins.width;
  return (
    `Histogram of ${stats.runs} runs from ${milliseconds(bins.from)} to ${milliseconds(to)} milliseconds, ` +
    `half of them below ${milliseconds(stats.p50)}`
  );
}
