// Colour, step 2 of the definition in edgekit/preprocess/__init__.py. It is a matter of single pixels, so that only
// those of the box are looked at.
import type { Pixels } from "./pixels.ts";
import type { Color } from "./spec.ts";

/** Part of an image: the value of channel c at (x, y) is data[offset + y * stride + x * step + c]. */
export interface Plane {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly offset: number;
  readonly stride: number;
  readonly step: number;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/**
 * The part of a photo that is used, in the model's colour.
 *
 * @param box - left, top, right, bottom.
 * @returns one channel for grey photos also where the colour is RGB: the others would be the same. Where nothing has to
 *   be computed the photo's own memory.
 */
export function toColor(photo: Pixels, box: readonly [number, number, number, number], color: Color): Plane {
  const [left, top, right, bottom] = box;
  const step = photo.channels;
  const stride = photo.width * step;
  const own = { data: photo.data, offset: top * stride + left * step, stride, step, width: right - left, height: bottom - top };
  if (step === 1) return { ...own, channels: 1 };
  const part: Plane = { ...own, channels: 3 };
  const flat = step === 4 && !photo.opaque && !isOpaque(part) ? overWhite(part) : part;
  return color === "grayscale" ? toLuma(flat) : flat;
}

function isOpaque({ data, offset, stride, width, height }: Plane): boolean {
  for (let y = 0; y < height; y++) {
    let all = 255;
    const end = offset + y * stride + width * 4;
    for (let place = offset + y * stride + 3; place < end; place += 4) all &= data[place]!;
    if (all !== 255) return false;
  }
  return true;
}

function overWhite({ data, offset, stride, width, height }: Plane): Plane {
  const flat = new Uint8Array(width * height * 3);
  let out = 0;
  for (let y = 0; y < height; y++) {
    let place = offset + y * stride;
    for (let x = 0; x < width; x++, place += 4, out += 3) {
      const alpha = data[place + 3]!;
      const white = 255 * (255 - alpha) + 127;
      for (let c = 0; c < 3; c++) flat[out + c] = (data[place + c]! * alpha + white) / 255;
    }
  }
  return { data: flat, offset: 0, stride: width * 3, step: 3, width, height, channels: 3 };
}

function toLuma({ data, offset, stride, step, width, height }: Plane): Plane {
  const gray = new Uint8Array(width * height);
  let out = 0;
  for (let y = 0; y < height; y++) {
    let place = offset + y * stride;
    for (let x = 0; x < width; x++, place += step) {
      gray[out++] = (19595 * data[place]! + 38470 * data[place + 1]! + 7471 * data[place + 2]! + 32768) >> 16;
    }
  }
  return { data: gray, offset: 0, stride: width, step: 1, width, height, channels: 1 };
}
