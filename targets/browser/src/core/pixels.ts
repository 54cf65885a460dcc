// Pixels on their way to a model.

/** An image of 8 bits, row by row, the channels of a pixel side by side: grey, RGB, or RGB and alpha. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  /** height * width * channels values 0..255; alpha is not premultiplied. */
  readonly data: Uint8Array | Uint8ClampedArray;
  /** Whether alpha is known to be 255 everywhere. */
  readonly opaque?: boolean;
}

/** As `MAX_PIXELS` of edgekit/preprocess/arrays.py: photos above are refused. */
export const MAX_PIXELS = 178_956_970;
