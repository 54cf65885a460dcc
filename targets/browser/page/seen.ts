// Small pictures: what the network saw, the light around the stage, and the page's tint.
import type { Classification } from "../src/api.ts";
import { findTint } from "./colour.ts";
import { find } from "./dom.ts";

const canvas = find("seen", HTMLCanvasElement);
const glow = find("glow", HTMLCanvasElement);
const size = find("seen-size", HTMLElement);

/** Shows the pixels as the network saw them, and gives the page their colour. */
export function showSeen({ width, height, channels, pixels }: Classification["seen"]): void {
  const image = new ImageData(width, height);
  for (let i = 0, from = 0; i < image.data.length; i += 4, from += channels) {
    image.data[i] = pixels[from]!;
    image.data[i + 1] = pixels[channels === 3 ? from + 1 : from]!;
    image.data[i + 2] = pixels[channels === 3 ? from + 2 : from]!;
    image.data[i + 3] = 255;
  }
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  glow.getContext("2d")?.drawImage(canvas, 0, 0, glow.width, glow.height);
  size.textContent = `${width} × ${height}, ${channels === 3 ? "colour" : "grey"}`;
  const { hue, chroma } = channels === 3 ? findTint(pixels, width, height) : { hue: 240, chroma: 0 };
  // Through the CSSOM: the content security policy forbids style attributes, not this.
  const { style } = document.documentElement;
  if (chroma > 0) style.setProperty("--hue", hue.toFixed(0));
  style.setProperty("--chroma", chroma.toFixed(3));
}
