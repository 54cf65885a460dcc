// Pixels in the form that the library knows from browsers.
import { EdgeKitError } from "../errors.ts";
import type { Picture } from "./api.ts";

/**
 * The picture as `ImageData`, a class that Node lacks.
 *
 * @throws EdgeKitError - these are no pixels.
 */
export function asImageData(picture: Picture): ImageData {
  const { width, height, data } = (picture ?? {}) as Partial<Picture>;
  if (!isSize(width) || !isSize(height) || !(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    throw new EdgeKitError(
      "classify takes pixels, { width, height, data } with bytes in data: Node itself decodes no photos. A package " +
        "such as sharp does, see docs/browser.md.",
    );
  }
  const channels = data.length / (width * height);
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new EdgeKitError(
      `A picture of ${width}x${height} pixels has ${width * height} values, or 3 or 4 times as many. Got: ${data.length}.`,
    );
  }
  const plain = { width, height, data: channels === 4 ? ownView(data) : addAlpha(data, channels) };
  return { ...plain, [Symbol.toStringTag]: "ImageData" } as unknown as ImageData;
}

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0;
}

/** In memory that is the picture's alone: what goes to a thread takes all of its memory along. */
function ownView(data: Uint8Array | Uint8ClampedArray): Uint8ClampedArray {
  const alone = data.byteLength === data.buffer.byteLength && !(data.buffer instanceof SharedArrayBuffer);
  return alone ? new Uint8ClampedArray(data.buffer) : new Uint8ClampedArray(data);
}

function addAlpha(data: Uint8Array | Uint8ClampedArray, channels: 1 | 3): Uint8ClampedArray {
  const count = data.length / channels;
  const [green, blue] = channels === 3 ? [1, 2] : [0, 0];
  const all = new Uint8ClampedArray(4 * count);
  for (let pixel = 0, from = 0, to = 0; pixel < count; pixel++, from += channels, to += 4) {
    all[to] = data[from]!;
    all[to + 1] = data[from + green]!;
    all[to + 2] = data[from + blue]!;
    all[to + 3] = 255;
  }
  return all;
}
