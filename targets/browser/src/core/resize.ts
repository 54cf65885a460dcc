// Where a photo's pixels go: steps 3 and 4 of the definition in edgekit/preprocess/__init__.py.
import type { ImageFormat } from "./spec.ts";

/** What a photo of one size goes through, in whole numbers. */
export interface ResizePlan {
  /** Left, top, right, bottom of the part that is used. */
  readonly box: readonly [number, number, number, number];
  /** How many pixels of x and of y are averaged first. */
  readonly factors: readonly [number, number];
  /** Width and height that the part becomes. */
  readonly size: readonly [number, number];
  /** Left and top of the result in the target; 0, 0 but for letterbox. */
  readonly offset: readonly [number, number];
}

/** The geometry for a photo of `width` x `height` pixels. Products stay below 2^53, so that all of it is exact. */
export function planResize(width: number, height: number, image: ImageFormat): ResizePlan {
  const { width: tw, height: th } = image;
  let [boxWidth, boxHeight, outWidth, outHeight] = [width, height, tw, th];
  const wide = width * th > height * tw;
  if (image.resize === "crop") {
    if (wide) boxWidth = Math.max(Math.floor((height * tw) / th), 1);
    else boxHeight = Math.max(Math.floor((width * th) / tw), 1);
  } else if (image.resize === "letterbox") {
    if (wide) outHeight = Math.max(Math.floor((height * tw) / width), 1);
    else outWidth = Math.max(Math.floor((width * th) / height), 1);
  }
  const left = (width - boxWidth) >> 1;
  const top = (height - boxHeight) >> 1;
  return {
    box: [left, top, left + boxWidth, top + boxHeight],
    factors: [Math.max(Math.floor(boxWidth / outWidth), 1), Math.max(Math.floor(boxHeight / outHeight), 1)],
    size: [outWidth, outHeight],
    offset: [(tw - outWidth) >> 1, (th - outHeight) >> 1],
  };
}
