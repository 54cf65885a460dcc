// How long a photo's way to the model's pixels takes in this Node, milliseconds: node benchmarks/prepare.ts
import { createPrepare } from "../src/core/prepare.ts";
import type { ResizeMode } from "../src/core/spec.ts";
import { summarize } from "../src/core/statistics.ts";

const RUNS = 200;

const CASES: [width: number, height: number, size: number, resize: ResizeMode][] = [
  [640, 480, 224, "crop"],
  [640, 480, 224, "stretch"],
  [640, 480, 224, "letterbox"],
  [1280, 720, 224, "crop"],
  [1920, 1080, 224, "crop"],
  [4000, 3000, 224, "crop"],
];

for (const [width, height, size, resize] of CASES) {
  const data = Uint8Array.from({ length: width * height * 4 }, (_, i) => (i % 4 === 3 ? 255 : Math.imul(i, 2654435761) >>> 24));
  const prepare = createPrepare({ width: size, height: size, color: "rgb", resize, fill: 0 });
  const times = Array.from({ length: RUNS }, () => {
    const begin = performance.now();
    prepare({ width, height, channels: 4, data });
    return performance.now() - begin;
  });
  const { p50, p90, min } = summarize(times.slice(RUNS / 4)); // the first ones until the compiler is done
  const numbers = [times[0]!, p50, p90, min].map((time) => time.toFixed(2).padStart(6));
  console.log(`${width}x${height} -> ${size} ${resize.padEnd(9)} first ${numbers[0]}  p50 ${numbers[1]}  p90 ${numbers[2]}  min ${numbers[3]}`);
}
