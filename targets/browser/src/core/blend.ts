// Step 5 of the definition in edgekit/preprocess/__init__.py: one row to its new width, and several rows to one.
import { PRECISION_BITS, type Triangle } from "./triangle.ts";

const HALF = 1 << (PRECISION_BITS - 1);

/**
 * A row to its new width. Weights are not negative and sum up to about 2^22, so that every sum fits 31 bits.
 *
 * @param channels - values of a pixel, side by side.
 * @param out - size * channels bytes.
 */
export function resizeRow(row: Uint8Array, channels: 1 | 3, axis: Triangle, out: Uint8Array): void {
  const { size, taps, first, weights } = axis;
  if (channels === 1) {
    for (let i = 0, w = 0; i < size; i++) {
      let sum = HALF;
      for (let end = first[i]! + taps, place = first[i]!; place < end; place++) {
        sum = (sum + Math.imul(row[place]!, weights[w++]!)) | 0;
      }
      out[i] = sum >> PRECISION_BITS;
    }
    return;
  }
  for (let i = 0, w = 0, o = 0; i < size; i++, o += 3) {
    let [red, green, blue] = [HALF, HALF, HALF];
    let place = first[i]! * 3;
    for (const end = place + taps * 3; place < end; place += 3) {
      const weight = weights[w++]!;
      red = (red + Math.imul(row[place]!, weight)) | 0;
      green = (green + Math.imul(row[place + 1]!, weight)) | 0;
      blue = (blue + Math.imul(row[place + 2]!, weight)) | 0;
    }
    out[o] = red >> PRECISION_BITS;
    out[o + 1] = green >> PRECISION_BITS;
    out[o + 2] = blue >> PRECISION_BITS;
  }
}

/**
 * Rows to one.
 *
 * @param rows - as many as there are taps, of the same length.
 * @param w - place of the first one's weight in `weights`.
 */
export function blendRows(rows: readonly Uint8Array[], weights: Int32Array, w: number, out: Uint8Array, place: number): void {
  const [a, b, c, d] = [rows[0]!, rows[1] ?? rows[0]!, rows[2] ?? rows[0]!, rows[3] ?? rows[0]!];
  const [wa, wb, wc, wd] = [weights[w]!, weights[w + 1]!, weights[w + 2]!, weights[w + 3]!];
  const count = a.length;
  // The usual numbers of rows are written out.
  if (rows.length === 2) {
    for (let i = 0; i < count; i++) {
      out[place + i] = (HALF + Math.imul(a[i]!, wa) + Math.imul(b[i]!, wb)) >> PRECISION_BITS;
    }
  } else if (rows.length === 3) {
    for (let i = 0; i < count; i++) {
      out[place + i] = (HALF + Math.imul(a[i]!, wa) + Math.imul(b[i]!, wb) + Math.imul(c[i]!, wc)) >> PRECISION_BITS;
    }
  } else if (rows.length === 4) {
    for (let i = 0; i < count; i++) {
      const sum = HALF + Math.imul(a[i]!, wa) + Math.imul(b[i]!, wb) + Math.imul(c[i]!, wc) + Math.imul(d[i]!, wd);
      out[place + i] = sum >> PRECISION_BITS;
    }
  } else {
    for (let i = 0; i < count; i++) {
      let sum = HALF;
      for (let k = 0; k < rows.length; k++) sum = (sum + Math.imul(rows[k]![i]!, weights[w + k]!)) | 0;
      out[place + i] = sum >> PRECISION_BITS;
    }
  }
}
