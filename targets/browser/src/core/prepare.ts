// The one way from a photo's pixels to the model's: steps 2 to 5 of the definition in edgekit/preprocess/__init__.py.
// All of it is integer arithmetic but for the filter's weights, so that every browser makes the bytes that Python makes.
import { EdgeKitError } from "../errors.ts";
import { blendRows, resizeRow } from "./blend.ts";
import { toColor, type Plane } from "./color.ts";
import { MAX_PIXELS, type Pixels } from "./pixels.ts";
import { createReduce } from "./reduce.ts";
import { planResize, type ResizePlan } from "./resize.ts";
import type { ImageFormat } from "./spec.ts";
import { triangle, type Triangle } from "./triangle.ts";

/** Makes the model's pixels of a photo's; keeps the tables for photos of the last size. */
export type Prepare = (photo: Pixels) => Uint8Array<ArrayBuffer>;

/** What depends on a photo's size only. */
interface Tables {
  readonly width: number;
  readonly height: number;
  readonly plan: ResizePlan;
  readonly across: Triangle;
  readonly down: Triangle;
}

/**
 * The way for one format. The function answers height * width * channels bytes, row by row, of memory of their own.
 *
 * @throws EdgeKitError - of the function: too large, no pixels, or data of another length.
 */
export function createPrepare(image: ImageFormat): Prepare {
  let tables: Tables | null = null;
  return (photo) => {
    checkPixels(photo);
    if (tables?.width !== photo.width || tables.height !== photo.height) tables = makeTables(photo, image);
    const plane = toColor(photo, tables.plan.box, image.color);
    const channels = image.color === "rgb" ? 3 : 1;
    const { size, offset } = tables.plan;
    if (plane.channels === channels && size[0] === image.width && size[1] === image.height) return resize(plane, tables);
    return paste(resize(plane, tables), plane.channels, size, offset, image, channels);
  };
}

function checkPixels({ width, height, channels, data }: Pixels): void {
  if (!(width >= 1 && height >= 1)) throw new EdgeKitError("The image has no pixels. Give another one.");
  if (width * height > MAX_PIXELS) {
    throw new EdgeKitError(
      `The image has ${width}x${height} pixels, above the limit of ${MAX_PIXELS}. Scale it down first.`,
    );
  }
  if (data.length !== width * height * channels) {
    throw new EdgeKitError(
      `An image of ${width}x${height} pixels with ${channels} channels has ${width * height * channels} bytes. ` +
        `Got: ${data.length}.`,
    );
  }
}

function makeTables({ width, height }: Pixels, image: ImageFormat): Tables {
  const plan = planResize(width, height, image);
  const [left, top, right, bottom] = plan.box;
  const across = triangle(Math.ceil((right - left) / plan.factors[0]), plan.size[0]);
  const down = triangle(Math.ceil((bottom - top) / plan.factors[1]), plan.size[1]);
  return { width, height, plan, across, down };
}

/** Steps 4 and 5, row by row, so that what is worked on stays in the cache. */
function resize(plane: Plane, { plan, across, down }: Tables): Uint8Array<ArrayBuffer> {
  const { channels } = plane;
  const [fx, fy] = plan.factors;
  const [width, height] = plan.size;
  const reduceRow = createReduce(plane, fx, fy);
  const count = Math.ceil(plane.width / fx);
  const means = new Uint8Array((count + 1) * channels);
  // The last rows that were resized, as many as are blended.
  const ring = Array.from({ length: down.taps }, () => new Uint8Array(width * channels));
  const rows = [...ring];
  const out = new Uint8Array(width * height * channels);
  for (let y = 0, done = 0; y < height; y++) {
    const first = down.first[y]!;
    const used = down.counts[y]!;
    for (; done < first + used; done++) {
      const line = ring[done % ring.length]!;
      if (count === width) {
        reduceRow(done, line);
      } else {
        reduceRow(done, means);
        resizeRow(means, channels, across, line);
      }
    }
    for (let k = 0; k < used; k++) rows[k] = ring[(first + k) % ring.length]!;
    blendRows(rows, used, down.weights, y * down.taps, out, y * width * channels);
  }
  return out;
}

/** The bars of a letterbox, and grey pixels to RGB. */
function paste(
  part: Uint8Array,
  partChannels: 1 | 3,
  [width, height]: readonly [number, number],
  [left, top]: readonly [number, number],
  image: ImageFormat,
  channels: 1 | 3,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(image.width * image.height * channels).fill(image.fill);
  for (let y = 0; y < height; y++) {
    const begin = ((top + y) * image.width + left) * channels;
    const row = part.subarray(y * width * partChannels, (y + 1) * width * partChannels);
    if (partChannels === channels) out.set(row, begin);
    else for (let i = 0; i < width * 3; i++) out[begin + i] = row[Math.trunc(i / 3)]!;
  }
  return out;
}
