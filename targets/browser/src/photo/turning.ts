// Turning a WebP's pixels as its EXIF says, where the browser has not: Chromium does it for JPEG and PNG alone.
import type { Pixels } from "../core/pixels.ts";
import { BITMAP_OPTIONS } from "./send.ts";

/** A WebP of two pixels beside each other, with the orientation 6: where it is turned, they are one above the other. */
const PROBE =
  "UklGRk4AAABXRUJQVlA4WAoAAAAIAAAAAQAAAAAAVlA4TA4AAAAvAQAAAAcQEf0PRET/A0VYSUYaAAAASUkqAAgAAAABABIBAwABAAAABgAAAAAAAAA=";

let browserTurns: Promise<boolean> | null = null;

/**
 * The pixels of a WebP as they are meant to be seen.
 *
 * @param pixels - as the browser decoded them.
 */
export async function turnWebp(blob: Blob, pixels: Pixels): Promise<Pixels> {
  browserTurns ??= tryTurning().catch(() => true);
  if (await browserTurns) return pixels;
  return turn(pixels, readOrientation(new Uint8Array(await blob.arrayBuffer())));
}

async function tryTurning(): Promise<boolean> {
  const data = Uint8Array.from(atob(PROBE), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([data], { type: "image/webp" }), BITMAP_OPTIONS);
  const { width } = bitmap;
  bitmap.close();
  return width === 1;
}

/** The orientation 1..8 of a WebP; 1, which is upright, where it says nothing, or its EXIF is damaged. */
export function readOrientation(file: Uint8Array): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  // RFC 9649, section 2.3: chunks of a name, a size and as many bytes, made even.
  for (let place = 12; place + 8 <= file.length; ) {
    const size = view.getUint32(place + 4, true);
    if (view.getUint32(place) === 0x45584946) return readExif(file.subarray(place + 8, place + 8 + size));
    place += 8 + size + (size % 2);
  }
  return 1;
}

/** As `_orientation` of edgekit/preprocess/photos.py. */
function readExif(exif: Uint8Array): number {
  while (String.fromCharCode(...exif.subarray(0, 6)) === "Exif\0\0") exif = exif.subarray(6);
  const order = String.fromCharCode(...exif.subarray(0, 2));
  if (order !== "II" && order !== "MM") return 1;
  const little = order === "II";
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  try {
    const directory = view.getUint32(4, little);
    const count = view.getUint16(directory, little);
    for (let place = directory + 2; place < directory + 2 + 12 * count; place += 12) {
      // The tag of the orientation, a number of 16 bits.
      const found = view.getUint16(place, little) === 0x0112 && view.getUint16(place + 2, little) === 3;
      const value = view.getUint16(place + 8, little);
      if (found) return value >= 1 && value <= 8 ? value : 1;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return 1;
}

/** Turns pixels of four channels by an orientation 1..8, as Pillow's `transpose`. */
export function turn(pixels: Pixels, orientation: number): Pixels {
  const { width, height, data } = pixels;
  const last = width * height - 1;
  // Of the new picture: where its first pixel was, and how far from each other its neighbours to the right and below.
  const ways: readonly (readonly [first: number, right: number, down: number])[] = [
    [width - 1, -1, width],
    [last, -1, -width],
    [last - width + 1, 1, -width],
    [0, width, 1],
    [last - width + 1, -width, 1],
    [last, -width, -1],
    [width - 1, width, -1],
  ];
  const way = ways[orientation - 2];
  if (way === undefined) return pixels;
  const [first, right, down] = way;
  const [across, below] = orientation < 5 ? [width, height] : [height, width];
  const from = new Uint32Array(data.buffer, data.byteOffset, last + 1);
  const turned = new Uint32Array(last + 1);
  for (let y = 0, place = 0; y < below; y++) {
    for (let x = 0, source = first + y * down; x < across; x++, source += right) turned[place++] = from[source]!;
  }
  return { ...pixels, width: across, height: below, data: new Uint8ClampedArray(turned.buffer) };
}
