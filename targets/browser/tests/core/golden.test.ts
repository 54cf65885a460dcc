// The golden vectors of tests/golden, bit for bit.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createPrepare } from "../../src/core/prepare.ts";
import type { Pixels } from "../../src/core/pixels.ts";
import { planResize } from "../../src/core/resize.ts";
import type { Color, ImageFormat, ResizeMode } from "../../src/core/spec.ts";

interface Case {
  name: string;
  mode: ResizeMode;
  fill: number;
  color: Color;
  source: { width: number; height: number; channels: 1 | 3 | 4; pixels: string };
  target: { width: number; height: number };
  plan: object;
  expected: string;
}

const path = join(import.meta.dirname, "../../../../tests/golden/vectors.json");
const { cases } = JSON.parse(readFileSync(path, "utf-8")) as { cases: Case[] };

const decode = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));

function formatOf({ target, color, mode, fill }: Case): ImageFormat {
  return { width: target.width, height: target.height, color, resize: mode, fill };
}

function photoOf({ source }: Case): Pixels {
  return { width: source.width, height: source.height, channels: source.channels, data: decode(source.pixels) };
}

/** As a canvas gives it: with an alpha of 255. */
function withAlpha(photo: Pixels): Pixels {
  const data = new Uint8ClampedArray(photo.width * photo.height * 4).fill(255);
  for (let i = 0; i < photo.width * photo.height; i++) {
    for (let c = 0; c < 3; c++) data[i * 4 + c] = photo.data[photo.channels === 1 ? i : i * 3 + c]!;
  }
  return { ...photo, channels: 4, data };
}

test("there are vectors", () => expect(cases.length).toBeGreaterThan(50));

describe.each(cases.map((one) => [one.name, one] as const))("%s", (_, one) => {
  test("the plan", () => expect(planResize(one.source.width, one.source.height, formatOf(one))).toEqual(one.plan));

  test("the bytes", () => {
    const prepare = createPrepare(formatOf(one));
    const expected = decode(one.expected);
    expect(prepare(photoOf(one))).toEqual(expected);
    // Once more: nothing of the first photo is left in the memory that is kept.
    expect(prepare(photoOf(one))).toEqual(expected);
  });

  test.skipIf(one.source.channels === 4)("the bytes of a canvas", () => {
    // Luma of equal channels is the channel itself: 19595 + 38470 + 7471 = 2^16.
    expect(createPrepare(formatOf(one))(withAlpha(photoOf(one)))).toEqual(decode(one.expected));
  });

  test("the bytes of memory that is not aligned", () => {
    const photo = photoOf(one);
    const odd = new Uint8Array(photo.data.length + 1);
    odd.set(photo.data, 1);
    expect(createPrepare(formatOf(one))({ ...photo, data: odd.subarray(1) })).toEqual(decode(one.expected));
  });
});
