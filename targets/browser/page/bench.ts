// The panel that measures: percentiles, a histogram, what was measured before, and all of it as JSON.
import type { Benchmark } from "../src/api.ts";
import type { SiteModel } from "../src/manifest.ts";
import { find, make } from "./dom.ts";
import { countBins, drawHistogram } from "./histogram.ts";
import { engineName, milliseconds } from "./words.ts";

const measure = find("measure", HTMLButtonElement);
const progress = find("measure-bar", HTMLProgressElement);
const copy = find("copy", HTMLButtonElement);
const measured = find("measured", HTMLElement);
const rows = find("rows", HTMLElement);

/** One measurement with the model that it was of. */
export interface Measured {
  readonly model: SiteModel;
  readonly benchmark: Benchmark;
}

export interface BenchPanel {
  /** Whether measuring is possible now. */
  allow(yes: boolean): void;
}

/** @param run - measures the loaded model; `null` where another one came in between. */
export function createBenchPanel(
  run: (onProgress: (share: number) => void) => Promise<Measured | null>,
  say: (text: string) => void,
  fail: (error: unknown) => void,
): BenchPanel {
  const all: Measured[] = [];
  let allowed = false;
  let running = false;

  const show = (): void => {
    measure.disabled = !allowed || running;
    progress.hidden = !running;
  };

  measure.addEventListener("click", async () => {
    running = true;
    progress.value = 0;
    show();
    say("Measuring");
    try {
      const result = await run((share) => (progress.value = share));
      if (result !== null) {
        all.push(result);
        showMeasured(result);
        const { p50 } = result.benchmark.latency;
        say(`Measured: p50 is ${milliseconds(p50)} milliseconds.`);
      }
    } catch (error) {
      fail(error);
    }
    running = false;
    show();
  });

  const words = copy.querySelector("span")!;
  copy.addEventListener("click", async () => {
    const text = toJson(all);
    if (await copyText(text)) {
      words.textContent = "Copied";
      say("Copied");
      setTimeout(() => (words.textContent = "Copy as JSON"), 2000);
    } else fail("The browser did not allow writing to the clipboard. Allow it for this page, then try again.");
  });

  return {
    allow(yes) {
      allowed = yes;
      show();
    },
  };
}

/** What is copied: every measurement, oldest first, as the library gave it. */
export function toJson(all: readonly Measured[]): string {
  const list = all.map(({ model, benchmark }) => ({
    model: { id: model.id, format: model.format, precision: model.precision, bytes: model.bytes },
    ...benchmark,
  }));
  return `${JSON.stringify(list, null, 2)}\n`;
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without a secure context there is only the old way, over a selection.
    const area = make("textarea", "unseen");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

function showMeasured({ model, benchmark }: Measured): void {
  const { latency } = benchmark;
  measured.hidden = false;
  copy.hidden = false;
  find("median", HTMLElement).textContent = milliseconds(latency.p50);
  find("median-of", HTMLElement).textContent =
    `p50 of ${latency.runs} runs, with 95 % confidence ` +
    `${milliseconds(latency.p50_low)} to ${milliseconds(latency.p50_high)} ms`;

  const list = find("percentiles", HTMLElement);
  const values = [
    ["p90", latency.p90],
    ["p99", latency.p99],
    ["fastest", latency.min],
    ["read back", benchmark.read.p50],
    ["first run", benchmark.first_call_ms],
    ["load", benchmark.load_ms],
  ] as const;
  list.replaceChildren(
    ...values.map(([name, value]) => {
      const pair = make("div");
      pair.append(make("dt", "", name), make("dd", "", `${milliseconds(value)} ms`));
      return pair;
    }),
  );

  const bins = countBins(benchmark.durations, latency);
  const place = find("histogram", HTMLElement);
  place.replaceChildren(drawHistogram(bins, latency, place.clientWidth || 480));
  const beyond = bins.beyond === 0 ? "" : `; ${bins.beyond} slower, up to ${milliseconds(latency.max)} ms`;
  find("histogram-caption", HTMLElement).textContent = `${latency.runs} runs by their time${beyond}`;

  const doubts = find("doubts", HTMLElement);
  doubts.hidden = benchmark.reasons.length === 0;
  doubts.replaceChildren(...benchmark.reasons.map((reason) => make("li", "", reason)));

  const row = make("tr");
  const head = make("th", "", model.id);
  head.scope = "row";
  row.append(head, make("td", "", engineName(benchmark.engine.name)));
  for (const value of [latency.p50, latency.p90, latency.p99, benchmark.first_call_ms, benchmark.load_ms]) {
    row.append(make("td", "number", milliseconds(value)));
  }
  if (!benchmark.valid) row.className = "doubtful";
  rows.prepend(row);
  // One row says what stands above it.
  find("table", HTMLElement).hidden = rows.childElementCount < 2;
}
