import { expect, test } from "vitest";
import { readOrientation, turn } from "../../src/photo/turning.ts";

/** A WebP of these chunks. */
function webp(...chunks: readonly (readonly [name: string, data: readonly number[]])[]): Uint8Array {
  const letters = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));
  const size = (count: number): number[] => [count & 255, (count >> 8) & 255, 0, 0];
  const body = chunks.flatMap(([name, data]) => [...letters(name), ...size(data.length), ...data, ...(data.length % 2 ? [0] : [])]);
  return Uint8Array.from([...letters("RIFF"), ...size(body.length + 4), ...letters("WEBP"), ...body]);
}

const LITTLE = [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0];
const BIG = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 8, 0, 0];
const NAME = [0x45, 0x78, 0x69, 0x66, 0, 0];

test("the orientation is read in both byte orders, behind odd chunks and Exif's name", () => {
  expect(readOrientation(webp(["VP8X", [8]], ["EXIF", LITTLE]))).toBe(6);
  expect(readOrientation(webp(["VP8 ", [1, 2, 3]], ["EXIF", [...NAME, ...NAME, ...BIG]]))).toBe(8);
});

test("what is missing or damaged is upright", () => {
  expect(readOrientation(webp(["VP8 ", [1, 2]]))).toBe(1);
  for (let length = 0; length < 20; length++) expect(readOrientation(webp(["EXIF", LITTLE.slice(0, length)]))).toBe(1);
  expect(readOrientation(webp(["EXIF", LITTLE.with(18, 9)]))).toBe(1);
  expect(readOrientation(webp(["EXIF", LITTLE.with(12, 4)]))).toBe(1);
  for (let length = 0; length < 40; length++) expect(readOrientation(webp(["EXIF", LITTLE]).subarray(0, length))).toBe(1);
});

test("pixels are turned as the orientation says", () => {
  // 1 2 3
  // 4 5 6
  const data = new Uint8ClampedArray(Uint32Array.of(1, 2, 3, 4, 5, 6).buffer);
  const turned = (orientation: number): number[][] => {
    const { width, height, data: bytes } = turn({ width: 3, height: 2, channels: 4, data }, orientation);
    const values = [...new Uint32Array(bytes.buffer)];
    return Array.from({ length: height }, (_, y) => values.slice(y * width, (y + 1) * width));
  };
  expect(turned(1)).toEqual([[1, 2, 3], [4, 5, 6]]);
  expect(turned(2)).toEqual([[3, 2, 1], [6, 5, 4]]);
  expect(turned(3)).toEqual([[6, 5, 4], [3, 2, 1]]);
  expect(turned(4)).toEqual([[4, 5, 6], [1, 2, 3]]);
  expect(turned(5)).toEqual([[1, 4], [2, 5], [3, 6]]);
  expect(turned(6)).toEqual([[4, 1], [5, 2], [6, 3]]);
  expect(turned(7)).toEqual([[6, 3], [5, 2], [4, 1]]);
  expect(turned(8)).toEqual([[3, 6], [2, 5], [1, 4]]);
});
