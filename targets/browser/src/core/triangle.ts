// The weights of the triangle filter, as whole numbers: step 5 of the definition in edgekit/preprocess/__init__.py, for
// one direction. Source: `precompute_coeffs` and `normalize_coeffs_8bpc` of Pillow's src/libImaging/Resample.c, whose
// order of floating-point operations is kept, so that the numbers are the same.

/** A weight of 1 is 2^22: 32 bits less 8 of a pixel and 2 to spare. */
export const PRECISION_BITS = 22;

/**
 * How a line of pixels becomes a line of another length: out[i] is the sum of weights[i * taps + k] * in[first[i] + k]
 * for k below counts[i].
 */
export interface Triangle {
  readonly size: number;
  /** Places of `weights` for each pixel: 4, and more for what is made less than half as long. */
  readonly taps: number;
  readonly first: Int32Array;
  /** Pixels that one is made of, 1 or more: those whose weight is 0 are left out. */
  readonly counts: Int32Array;
  /** In units of 2^-22; 0 from the count on. */
  readonly weights: Int32Array;
}

/** From `length` pixels to `size`, both 1 or more. */
export function triangle(length: number, size: number): Triangle {
  const scale = length / size;
  const support = Math.max(scale, 1);
  const start = (center: number) => Math.max(Math.trunc(center - support + 0.5), 0);
  const stop = (center: number) => Math.min(Math.trunc(center + support + 0.5), length);
  let taps = 4;
  for (let position = 0; position < size; position++) {
    const center = (position + 0.5) * scale;
    taps = Math.max(taps, stop(center) - start(center));
  }
  const first = new Int32Array(size);
  const counts = new Int32Array(size);
  const weights = new Int32Array(size * taps);
  const shares = new Float64Array(taps);
  for (let position = 0; position < size; position++) {
    const center = (position + 0.5) * scale;
    const [begin, end] = [start(center), stop(center)];
    let total = 0;
    for (let pixel = begin; pixel < end; pixel++) {
      const distance = Math.abs((pixel - center + 0.5) * (1 / support));
      const share = Math.max(1 - distance, 0);
      shares[pixel - begin] = share;
      total += share; // one after the other, as they are added there
    }
    first[position] = begin;
    for (let pixel = begin; pixel < end; pixel++) {
      const weight = Math.trunc(0.5 + (shares[pixel - begin]! / total) * 2 ** PRECISION_BITS);
      if (weight === 0 && counts[position] === 0) first[position] = pixel + 1;
      else weights[position * taps + counts[position]!++] = weight;
    }
    while (weights[position * taps + counts[position]! - 1] === 0) counts[position]!--;
  }
  return { size, taps, first, counts, weights };
}
