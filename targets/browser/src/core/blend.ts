// Step 5 of the definition in edgekit/preprocess/__init__.py: one row to its new width, and several rows to one. It is
// most of the work for a camera's frames, so the usual numbers of pixels are written out, each in a loop of its own.
import { PRECISION_BITS, type Triangle } from "./triangle.ts";

const HALF = 1 << (PRECISION_BITS - 1);

/**
 * A row to its new width. Weights are not negative and sum up to about 2^22, so that every sum fits 31 bits.
 *
 * @param row - of a pixel more than there are: of any value, it has no weight.
 * @param channels - values of a pixel, side by side.
 * @param out - size * channels bytes.
 */
export function resizeRow(row: Uint8Array, channels: 1 | 3, axis: Triangle, out: Uint8Array): void {
  if (channels === 3 && axis.taps === 4) resizeRgb(row, axis, out);
  else resizeAny(row, channels, axis, out);
}

/** Up to four pixels to one: all that there is after the reduction. */
function resizeRgb(row: Uint8Array, { size, first, weights }: Triangle, out: Uint8Array): void {
  for (let i = 0, w = 0, o = 0; i < size; i++, w += 4, o += 3) {
    const place = first[i]! * 3;
    const a = weights[w]!;
    const b = weights[w + 1]!;
    const c = weights[w + 2]!;
    let red = (HALF + Math.imul(row[place]!, a) + Math.imul(row[place + 3]!, b)) | 0;
    let green = (HALF + Math.imul(row[place + 1]!, a) + Math.imul(row[place + 4]!, b)) | 0;
    let blue = (HALF + Math.imul(row[place + 2]!, a) + Math.imul(row[place + 5]!, b)) | 0;
    if (c !== 0) {
      red = (red + Math.imul(row[place + 6]!, c)) | 0;
      green = (green + Math.imul(row[place + 7]!, c)) | 0;
      blue = (blue + Math.imul(row[place + 8]!, c)) | 0;
      const d = weights[w + 3]!;
      if (d !== 0) {
        red = (red + Math.imul(row[place + 9]!, d)) | 0;
        green = (green + Math.imul(row[place + 10]!, d)) | 0;
        blue = (blue + Math.imul(row[place + 11]!, d)) | 0;
      }
    }
    out[o] = red >> PRECISION_BITS;
    out[o + 1] = green >> PRECISION_BITS;
    out[o + 2] = blue >> PRECISION_BITS;
  }
}

function resizeAny(
  row: Uint8Array,
  channels: number,
  { size, taps, first, counts, weights }: Triangle,
  out: Uint8Array,
): void {
  for (let i = 0, o = 0; i < size; i++) {
    const [w, end] = [i * taps, i * taps + counts[i]!];
    for (let c = 0; c < channels; c++, o++) {
      let sum = HALF;
      for (let k = w, place = first[i]! * channels + c; k < end; k++, place += channels) {
        sum = (sum + Math.imul(row[place]!, weights[k]!)) | 0;
      }
      out[o] = sum >> PRECISION_BITS;
    }
  }
}

/**
 * Rows to one.
 *
 * @param rows - of the same length; the first `count` are used.
 * @param w - place of the first one's weight in `weights`.
 * @param place - of the first value in `out`.
 */
export function blendRows(
  rows: readonly Uint8Array[],
  count: number,
  weights: Int32Array,
  w: number,
  out: Uint8Array,
  place: number,
): void {
  if (count === 1) out.set(rows[0]!, place); // its weight is 1
  else if (count === 2) blend2(rows[0]!, rows[1]!, weights[w]!, weights[w + 1]!, out, place);
  else if (count === 3) blend3(rows, weights[w]!, weights[w + 1]!, weights[w + 2]!, out, place);
  else if (count === 4) blend4(rows, weights.subarray(w, w + 4), out, place);
  else blendMany(rows, count, weights, w, out, place);
}

function blend2(a: Uint8Array, b: Uint8Array, wa: number, wb: number, out: Uint8Array, place: number): void {
  for (let i = 0; i < a.length; i++) {
    out[place + i] = (HALF + Math.imul(a[i]!, wa) + Math.imul(b[i]!, wb)) >> PRECISION_BITS;
  }
}

function blend3(rows: readonly Uint8Array[], wa: number, wb: number, wc: number, out: Uint8Array, place: number): void {
  const [a, b, c] = [rows[0]!, rows[1]!, rows[2]!];
  for (let i = 0; i < a.length; i++) {
    out[place + i] = (HALF + Math.imul(a[i]!, wa) + Math.imul(b[i]!, wb) + Math.imul(c[i]!, wc)) >> PRECISION_BITS;
  }
}

function blend4(rows: readonly Uint8Array[], weights: Int32Array, out: Uint8Array, place: number): void {
  const [a, b, c, d] = [rows[0]!, rows[1]!, rows[2]!, rows[3]!];
  const [wa, wb, wc, wd] = [weights[0]!, weights[1]!, weights[2]!, weights[3]!];
  for (let i = 0; i < a.length; i++) {
    const sum = HALF + Math.imul(a[i]!, wa) + Math.imul(b[i]!, wb) + Math.imul(c[i]!, wc) + Math.imul(d[i]!, wd);
    out[place + i] = sum >> PRECISION_BITS;
  }
}

function blendMany(
  rows: readonly Uint8Array[],
  count: number,
  weights: Int32Array,
  w: number,
  out: Uint8Array,
  place: number,
): void {
  for (let i = 0; i < rows[0]!.length; i++) {
    let sum = HALF;
    for (let k = 0; k < count; k++) sum = (sum + Math.imul(rows[k]![i]!, weights[w + k]!)) | 0;
    out[place + i] = sum >> PRECISION_BITS;
  }
}
