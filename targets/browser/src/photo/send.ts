// The page's side of a picture: the form in which it goes to the worker.
import type { Picture } from "../api.ts";
import { EdgeKitError, kindOf } from "../errors.ts";
import type { SentPicture } from "../worker/protocol.ts";
import { frameOf } from "./frames.ts";

/** With these, and only with these, the pixels of a JPEG are those that Python's Pillow decodes. */
export const BITMAP_OPTIONS = {
  imageOrientation: "from-image",
  colorSpaceConversion: "none",
  premultiplyAlpha: "none",
} as const satisfies ImageBitmapOptions;

/** Whether frames of it are dropped while one is worked on. */
export function isMoving(picture: Picture): boolean {
  return isA(picture, "HTMLVideoElement") || isA(picture, "VideoFrame");
}

/**
 * Takes what a picture shows now.
 *
 * @returns the picture for the worker, and what moves there with it. The caller's own picture stays usable.
 * @throws EdgeKitError - nothing is there yet, or the page may not read it.
 */
export async function takePicture(picture: Picture): Promise<readonly [SentPicture, Transferable[]]> {
  if (isA<Blob>(picture, "Blob")) return [{ kind: "blob", blob: picture }, []];
  if (isA<ImageData>(picture, "ImageData")) {
    const { width, height, data } = picture;
    return [{ kind: "pixels", width, height, data: data as Uint8ClampedArray<ArrayBuffer> }, []];
  }
  if (isA<VideoFrame>(picture, "VideoFrame")) return sendFrame(picture.clone());
  if (isA<HTMLVideoElement>(picture, "HTMLVideoElement")) {
    if (picture.readyState < 2 || !picture.videoWidth) {
      throw new EdgeKitError("The video shows no picture yet. Wait for its event loadeddata.");
    }
    const frame = takeFrame(picture);
    if (frame !== null) return sendFrame(frame);
  }
  if (isA<HTMLImageElement>(picture, "HTMLImageElement")) {
    if (!picture.complete) await picture.decode().catch(() => undefined);
    if (!picture.naturalWidth) throw new EdgeKitError("The image element shows no picture. Is its address right?");
  }
  // Not of an image element, whose colours a frame would convert.
  const frame = isStill(picture) ? frameOf(picture) : null;
  return frame === null ? sendBitmap(await makeBitmap(picture as ImageBitmapSource)) : sendFrame(frame);
}

function isStill(picture: Picture): picture is ImageBitmap | HTMLCanvasElement | OffscreenCanvas {
  return isA(picture, "ImageBitmap") || isA(picture, "HTMLCanvasElement") || isA(picture, "OffscreenCanvas");
}

/** The frame that a video shows, without a copy; `null` where there is no such thing, or the page may not read it. */
function takeFrame(video: HTMLVideoElement): VideoFrame | null {
  try {
    return typeof VideoFrame === "undefined" ? null : new VideoFrame(video);
  } catch {
    return null; // makeBitmap says why
  }
}

async function makeBitmap(picture: ImageBitmapSource): Promise<ImageBitmap> {
  try {
    const bitmap = await createImageBitmap(picture, BITMAP_OPTIONS);
    // Fails where the page may show the picture, but not read it.
    return structuredClone(bitmap, { transfer: [bitmap] });
  } catch (error) {
    const { name, message } = error as Error;
    if (name === "TypeError") {
      throw new EdgeKitError(
        `classify takes a Blob, ImageBitmap, ImageData, VideoFrame, canvas, image or video. Got: ${kindOf(picture)}.`,
      );
    }
    const foreign =
      "it is another server's. Set the element's attribute crossorigin, and let that server send " +
      "Access-Control-Allow-Origin.";
    const reason = name === "DataCloneError" || name === "SecurityError" ? foreign : message;
    throw new EdgeKitError(`The picture cannot be read: ${reason}`, { cause: error });
  }
}

function sendFrame(frame: VideoFrame): readonly [SentPicture, Transferable[]] {
  return [{ kind: "frame", frame }, [frame]];
}

function sendBitmap(bitmap: ImageBitmap): readonly [SentPicture, Transferable[]] {
  return [{ kind: "bitmap", bitmap }, [bitmap]];
}

/** As `instanceof`, where the class may be missing, and for elements of frames and pop-ups, which have their own. */
function isA<T extends Picture>(picture: Picture, name: string): picture is T {
  if (kindOf(picture) === name) return true;
  const kind = (globalThis as Record<string, unknown>)[name];
  return typeof kind === "function" && picture instanceof kind;
}
