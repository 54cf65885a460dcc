// The colour that the page takes from a picture: the hue which strikes most.

/** In OKLCH: degrees, and chroma 0..0.16 (0.16 is about as much as every hue can show on a screen). */
export interface Tint {
  readonly hue: number;
  readonly chroma: number;
}

const BINS = 36;
const MOST = 0.16;

/**
 * The hue with the most colour, pixels in the middle counting more.
 *
 * @param pixels - RGB bytes, row by row.
 */
export function findTint(pixels: Uint8Array, width: number, height: number): Tint {
  const weights = new Float64Array(BINS);
  let chromas = 0;
  // Some 2,000 pixels tell as much as all.
  const step = Math.max(1, Math.floor(Math.sqrt((width * height) / 2000)));
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) {
      const at = 3 * (y * width + x);
      const [a, b] = toOklab(pixels[at]!, pixels[at + 1]!, pixels[at + 2]!);
      const chroma = Math.hypot(a, b);
      const fromMiddle = Math.hypot((2 * x) / width - 1, (2 * y) / height - 1);
      // Squared, so that a small bright thing outweighs a large dull ground.
      const weight = chroma * chroma * (1.5 - fromMiddle);
      if (weight <= 0) continue;
      const bin = Math.floor((BINS * (Math.atan2(b, a) / (2 * Math.PI) + 1)) % BINS);
      weights[bin]! += weight;
      chromas += weight * chroma;
    }
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return { hue: 240, chroma: 0 };
  // A bin with its neighbours, for the hue of a thing seldom ends at a bin's edge.
  const near = (bin: number): number =>
    weights[(bin + BINS - 1) % BINS]! + 2 * weights[bin]! + weights[(bin + 1) % BINS]!;
  let best = 0;
  for (let bin = 1; bin < BINS; bin++) if (near(bin) > near(best)) best = bin;
  return { hue: ((best + 0.5) * 360) / BINS, chroma: Math.min(MOST, chromas / total) };
}

/** The a and b of OKLab; matrices: Björn Ottosson, "A perceptual color space for image processing", 2020. */
function toOklab(red: number, green: number, blue: number): readonly [number, number] {
  const r = linear(red);
  const g = linear(green);
  const b = linear(blue);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function linear(byte: number): number {
  const share = byte / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}
