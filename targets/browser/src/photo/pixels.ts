// The worker's side of a picture: its pixels.
import { MAX_PIXELS } from "../core/pixels.ts";
import type { Pixels } from "../core/pixels.ts";
import { EdgeKitError } from "../errors.ts";
import type { SentPicture } from "../worker/protocol.ts";
import { copyFrame, frameOf, isOpaque, isTurned } from "./frames.ts";
import { BITMAP_OPTIONS } from "./send.ts";
import { isTranslucent, readTranslucent } from "./translucent.ts";
import { uprightWebp } from "./webp.ts";

type Drawn = Pixels & { readonly data: Uint8ClampedArray<ArrayBuffer> };

/**
 * The pixels of a picture, upright; bitmaps and frames are closed.
 *
 * @returns RGB and alpha, in memory that the next picture may be read into.
 * @throws EdgeKitError - it cannot be decoded, or has more than `MAX_PIXELS` pixels.
 */
export async function readPixels(picture: SentPicture): Promise<Pixels> {
  switch (picture.kind) {
    case "pixels":
      checkSize(picture.width, picture.height);
      return { width: picture.width, height: picture.height, channels: 4, data: picture.data };
    case "blob":
      return uprightWebp(picture.blob, decode(picture.blob).then(readBitmap));
    case "bitmap":
      return readBitmap(picture.bitmap);
    case "frame":
      return readFrame(picture.frame);
  }
}

async function decode(blob: Blob): Promise<ImageBitmap> {
  const name = blob instanceof File && blob.name ? blob.name : "The photo";
  if (blob.size === 0) throw new EdgeKitError(`${name} is empty. Choose another photo.`);
  try {
    return await createImageBitmap(blob, BITMAP_OPTIONS);
  } catch {
    const other = blob.type && !blob.type.startsWith("image/");
    const reason = other ? `it is ${blob.type}` : "it is damaged, or of a format that this browser does not know";
    throw new EdgeKitError(`${name} cannot be read as a photo: ${reason}. Save it as JPEG or PNG.`);
  }
}

async function readBitmap(bitmap: ImageBitmap): Promise<Pixels> {
  try {
    const frame = frameOf(bitmap);
    if (frame !== null) return await readFrame(frame);
    return keepTranslucent(draw(bitmap, bitmap.width, bitmap.height), bitmap);
  } finally {
    bitmap.close();
  }
}

async function readFrame(frame: VideoFrame): Promise<Pixels> {
  const { displayWidth: width, displayHeight: height } = frame;
  try {
    checkSize(width, height);
    const data = await copyFrame(frame, allocate);
    const pixels: Drawn = data === null ? draw(frame, width, height) : { width, height, channels: 4, data };
    if (isOpaque(frame)) return { ...pixels, opaque: true };
    // WebGL takes a frame as it lies.
    return isTurned(frame) ? pixels : keepTranslucent(pixels, frame);
  } finally {
    frame.close();
  }
}

/** Reads translucent pixels again, in the way that keeps them. */
function keepTranslucent(pixels: Drawn, source: ImageBitmap | VideoFrame): Pixels {
  if (!isTranslucent(pixels.data)) return { ...pixels, opaque: true };
  return { ...pixels, data: readTranslucent(source, pixels.width, pixels.height) ?? pixels.data };
}

/** Memory and canvas up to this size stay for the next frame; a photo's would hold some 50 MB. */
const KEPT_PIXELS = 1920 * 1080;

let kept = new Uint8ClampedArray(0);

/** Fresh memory has to be cleared first, which takes longer than copying a frame into it. */
function allocate(count: number): Uint8ClampedArray<ArrayBuffer> {
  if (kept.length === count * 4) return kept;
  const fresh = new Uint8ClampedArray(count * 4);
  kept = count <= KEPT_PIXELS ? fresh : new Uint8ClampedArray(0);
  return fresh;
}

let canvas: OffscreenCanvas | null = null;
let context: OffscreenCanvasRenderingContext2D | null = null;

function draw(source: ImageBitmap | VideoFrame, width: number, height: number): Drawn {
  checkSize(width, height);
  if (canvas === null || canvas.width !== width || canvas.height !== height) {
    canvas = new OffscreenCanvas(width, height);
    context = canvas.getContext("2d", { willReadFrequently: true });
  }
  if (context === null) throw new EdgeKitError("This browser has no canvas in workers. Use a newer one.");
  context.clearRect(0, 0, width, height);
  context.drawImage(source, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  if (width * height > KEPT_PIXELS) canvas = null;
  return { width, height, channels: 4, data };
}

function checkSize(width: number, height: number): void {
  if (width * height <= MAX_PIXELS) return;
  throw new EdgeKitError(
    `${width}x${height} pixels are above the limit of ${MAX_PIXELS.toLocaleString("en")}. Scale the photo down first.`,
  );
}
