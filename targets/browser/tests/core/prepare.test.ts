import { expect, test } from "vitest";
import { createPrepare } from "../../src/core/prepare.ts";
import type { Pixels } from "../../src/core/pixels.ts";
import { createReduce } from "../../src/core/reduce.ts";
import type { ImageFormat } from "../../src/core/spec.ts";

const FORMAT: ImageFormat = { width: 4, height: 4, color: "rgb", resize: "crop", fill: 0 };

/** The golden vectors' noise. */
function noise(width: number, height: number, channels: 1 | 3 | 4, seed: number): Pixels {
  let state = seed;
  const data = Uint8Array.from({ length: width * height * channels }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
  return { width, height, channels, data };
}

function opaque(photo: Pixels): Pixels {
  const data = photo.data.map((value, index) => (index % 4 === 3 ? 255 : value));
  return { ...photo, data };
}

function withoutAlpha({ data, ...photo }: Pixels): Pixels {
  return { ...photo, channels: 3, data: data.filter((_, index) => index % 4 !== 3) };
}

// Blocks of more than 257 pixels, up to more than 2^16, at the sizes where the sums get wider.
test.each([
  [37, 29, 4],
  [64, 64, 4],
  [640, 480, 7],
  [1031, 257, 4],
  [1100, 300, 1],
  [300, 1100, 1],
])("both ways to average %i x %i pixels to %i give the same bytes", (width, height, size) => {
  const photo = opaque(noise(width, height, 4, width));
  for (const resize of ["crop", "stretch", "letterbox"] as const) {
    const prepare = createPrepare({ ...FORMAT, width: size, height: size, resize });
    expect(prepare(photo)).toEqual(prepare(withoutAlpha(photo)));
  }
});

test("white stays white in blocks of up to 257 pixels, and is as grey as Pillow's in larger ones", () => {
  const data = new Uint8Array(600 * 600 * 4).fill(255);
  for (const factor of [1, 2, 3, 7, 100, 257, 258, 600]) {
    const plane = { data, offset: 0, stride: 2400, step: 4, width: 600, height: 600, channels: 3 } as const;
    const means = new Uint8Array(Math.ceil(600 / factor) * 3);
    createReduce(plane, factor, factor)(0, means);
    // Pillow multiplies by floor(2^24 / n), which is too small by 1.3 % for the n of the last.
    expect(new Set(means)).toEqual(new Set([factor === 600 ? 252 : 255]));
  }
});

test("a photo of another size is no business of the one before", () => {
  const prepare = createPrepare(FORMAT);
  const [small, large] = [noise(9, 5, 3, 1), noise(50, 41, 3, 2)];
  const alone = createPrepare(FORMAT)(large);
  prepare(small);
  expect(prepare(large)).toEqual(alone);
});

test("the answer is of memory of its own", () => {
  const prepare = createPrepare(FORMAT);
  const photo = noise(4, 4, 3, 1);
  const first = prepare(photo);
  const copy = first.slice();
  prepare(noise(4, 4, 3, 2));
  expect(first).toEqual(copy);
  expect(first.buffer).not.toBe(photo.data.buffer);
});

test("what is no photo is refused", () => {
  const prepare = createPrepare(FORMAT);
  expect(() => prepare({ width: 0, height: 4, channels: 3, data: new Uint8Array() })).toThrow(/no pixels/);
  expect(() => prepare({ width: 2, height: 2, channels: 3, data: new Uint8Array(11) })).toThrow(/has 12 bytes. Got: 11/);
  const huge = { width: 20_000, height: 20_000, channels: 4, data: new Uint8Array() } as const;
  expect(() => prepare(huge)).toThrow(/above the limit of 178956970/);
});
