// Means of blocks of pixels, a row of blocks at a time: step 4 of the definition in edgekit/preprocess/__init__.py.
import type { Plane } from "./color.ts";

/** Writes the means of row `row` of the blocks: `channels` bytes for each block. */
export type ReduceRow = (row: number, means: Uint8Array) => void;

/** Up to so many values of 8 bits have a sum of 16 bits. */
const MOST_IN_16_BITS = 257;

/**
 * @param fx - pixels of a block from left to right; the last one of a row may have fewer.
 * @param fy - from top to bottom.
 */
export function createReduce(plane: Plane, fx: number, fy: number): ReduceRow {
  const { data, offset, stride, step } = plane;
  const aligned = (data.byteOffset + offset) % 4 === 0 && stride % 4 === 0;
  if (step === 4 && aligned && fx <= MOST_IN_16_BITS) {
    const words = new Int32Array(data.buffer, data.byteOffset + offset, (data.length - offset) >> 2);
    return (row, means) => reduceWords(words, plane, fx, fy, row, means);
  }
  const sums = new Uint32Array(plane.width * plane.channels);
  return (row, means) => reduceBytes(plane, fx, fy, row, sums, means);
}

/**
 * RGB and alpha, a pixel as one number of 32 bits: red and blue are added up in its two halves at once. All machines
 * with WebAssembly are little-endian: red is the lowest byte.
 */
function reduceWords(words: Int32Array, plane: Plane, fx: number, fy: number, row: number, means: Uint8Array): void {
  const { width, height } = plane;
  const stride = plane.stride >> 2;
  const rows = Math.min(fy, height - row * fy);
  const line = row * fy * stride;
  let out = 0;
  let x = 0;
  if (fx === 1 && rows === 1) {
    for (; x < width; x++, out += 3) {
      const pixel = words[line + x]!;
      means[out] = pixel;
      means[out + 1] = pixel >>> 8;
      means[out + 2] = pixel >>> 16;
    }
    return;
  }
  // What a camera's frame needs most often.
  if (fx === 2 && rows === 2) {
    reduceFours(words, line, line + stride, width >> 1, means);
    x = width & ~1;
    out = (width >> 1) * 3;
  }
  for (; x < width; x += fx, out += 3) {
    const columns = Math.min(fx, width - x);
    let [red, green, blue] = [0, 0, 0];
    for (let y = 0; y < rows; y++) {
      const begin = line + y * stride + x;
      let sum = 0;
      let middle = 0;
      for (let place = begin; place < begin + columns; place++) {
        const pixel = words[place]!;
        sum = (sum + (pixel & 0xff00ff)) | 0;
        middle = (middle + (pixel & 0xff00)) | 0;
      }
      red += sum & 0xffff;
      green += middle >>> 8;
      blue += sum >>> 16;
    }
    const pixels = columns * rows;
    const half = pixels >>> 1;
    const scale = Math.floor(2 ** 24 / pixels);
    means[out] = Math.imul(red + half, scale) >>> 24;
    means[out + 1] = Math.imul(green + half, scale) >>> 24;
    means[out + 2] = Math.imul(blue + half, scale) >>> 24;
  }
}

/** Means of 2 x 2 pixels, whose division is a shift. */
function reduceFours(words: Int32Array, line: number, next: number, count: number, means: Uint8Array): void {
  for (let i = 0, out = 0; i < count; i++, line += 2, next += 2, out += 3) {
    const a = words[line]!;
    const b = words[line + 1]!;
    const c = words[next]!;
    const d = words[next + 1]!;
    const sum = ((a & 0xff00ff) + (b & 0xff00ff) + (c & 0xff00ff) + (d & 0xff00ff) + 0x20002) | 0;
    const green = ((a & 0xff00) + (b & 0xff00) + (c & 0xff00) + (d & 0xff00) + 0x200) | 0;
    means[out] = (sum & 0xffff) >> 2;
    means[out + 1] = green >> 10;
    means[out + 2] = sum >> 18;
  }
}

function reduceBytes(plane: Plane, fx: number, fy: number, row: number, sums: Uint32Array, means: Uint8Array): void {
  const { data, offset, stride, step, width, height, channels } = plane;
  const rows = Math.min(fy, height - row * fy);
  const begin = offset + row * fy * stride;
  if (step === channels) {
    sums.fill(0);
    for (let y = 0; y < rows; y++) {
      const line = begin + y * stride;
      for (let i = 0; i < sums.length; i++) sums[i]! += data[line + i]!;
    }
  } else {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let y = 0, place = begin + x * step + c; y < rows; y++, place += stride) sum += data[place]!;
        sums[x * channels + c] = sum;
      }
    }
  }
  let out = 0;
  for (let x = 0; x < width; x += fx) {
    const columns = Math.min(fx, width - x);
    const pixels = columns * rows;
    const scale = Math.floor(2 ** 24 / pixels);
    for (let c = 0; c < channels; c++) {
      let sum = pixels >>> 1;
      for (let place = x * channels + c, i = 0; i < columns; i++, place += channels) sum += sums[place]!;
      means[out++] = Math.imul(sum, scale) >>> 24; // the exact product has at most 32 bits
    }
  }
}
