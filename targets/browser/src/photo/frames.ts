// Pixels of video frames by WebCodecs: half as long as drawing them on a canvas, and the same.

/** What newer browsers know of a frame, and TypeScript does not yet. */
interface TurnedFrame {
  /** Degrees clockwise by which it is to be turned. */
  readonly rotation?: number;
  readonly flip?: boolean;
}

/** Of WebCodecs' pixel formats those with a letter for alpha have it; the X of BGRX stands for nothing. */
const WITH_ALPHA = /A/;

const OPTIONS = { format: "RGBA", colorSpace: "srgb" } as const;

/**
 * RGB and alpha of a frame, row by row.
 *
 * @param allocate - gives memory for the pixels.
 * @returns `null` where that is no way: the browser converts no frames, or the frame is to be turned or stretched.
 */
export async function copyFrame(
  frame: VideoFrame,
  allocate: (pixels: number) => Uint8ClampedArray<ArrayBuffer>,
): Promise<Uint8ClampedArray<ArrayBuffer> | null> {
  const { displayWidth: width, displayHeight: height, visibleRect: rect } = frame;
  if (isTurned(frame) || rect?.width !== width || rect.height !== height || !(await converts())) return null;
  try {
    const data = allocate(width * height);
    const [layout] = await frame.copyTo(data, OPTIONS);
    return layout?.offset === 0 && layout.stride === width * 4 ? data : null;
  } catch {
    return null;
  }
}

/** Whether it has no alpha at all, so that nobody has to look at each pixel. */
export function isOpaque({ format }: VideoFrame): boolean {
  return format !== null && !WITH_ALPHA.test(format);
}

/** Whether its pixels do not lie as they are shown. */
export function isTurned(frame: VideoFrame): boolean {
  const { rotation = 0, flip = false } = frame as TurnedFrame;
  return rotation !== 0 || flip;
}

/** The frame of a bitmap or canvas, without a copy of its pixels; `null` where the browser has no such thing. */
export function frameOf(source: ImageBitmap | HTMLCanvasElement | OffscreenCanvas): VideoFrame | null {
  try {
    return typeof VideoFrame === "undefined" ? null : new VideoFrame(source, { timestamp: 0 });
  } catch {
    return null; // without pixels, or not to be read by this page
  }
}

let answer: Promise<boolean> | null = null;

/** Whether `copyTo` converts: a browser that does not know the option gives the pixels as they lie, without a word. */
function converts(): Promise<boolean> {
  answer ??= tryConverting().catch(() => false);
  return answer;
}

async function tryConverting(): Promise<boolean> {
  const blue = new Uint8Array(16).map((_, place) => [255, 0, 0, 255][place % 4]!);
  const init = { format: "BGRA", codedWidth: 2, codedHeight: 2, timestamp: 0 } as const;
  const frame = new VideoFrame(blue, init);
  try {
    const data = new Uint8Array(16);
    await frame.copyTo(data, OPTIONS);
    return data[0] === 0 && data[2] === 255;
  } finally {
    frame.close();
  }
}
