// From pixels 0..255 to the stored values of an input tensor, as edgekit/runtime/pixels.py does it.
import type { TensorInfo, Values } from "../engines/engine.ts";

/** Makes an input's values of pixels. */
export type Encode = (pixels: Uint8Array) => Values;

/**
 * The way for one input. EdgeKit's own models scale inside the graph, so that their pixels are the values; a foreign
 * quantized model may want other ones.
 */
export function createEncode(input: TensorInfo): Encode {
  const { dtype, scale, zeroPoint } = input;
  if (scale === null) return (pixels) => pixels;
  const [low, high] = dtype === "int8" ? [-128, 127] : [0, 255];
  const table = dtype === "int8" ? new Int8Array(256) : new Uint8Array(256);
  for (let pixel = 0; pixel < 256; pixel++) {
    // As TFLite's own QUANTIZE rounds.
    table[pixel] = Math.min(Math.max(Math.floor(pixel / scale + 0.5) + zeroPoint, low), high);
  }
  if (dtype === "uint8" && table.every((value, pixel) => value === pixel)) return (pixels) => pixels;
  return (pixels) => {
    const values = dtype === "int8" ? new Int8Array(pixels.length) : new Uint8Array(pixels.length);
    for (let place = 0; place < pixels.length; place++) values[place] = table[pixels[place]!]!;
    return values;
  };
}
