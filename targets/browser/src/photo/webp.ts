// The orientation in a WebP's EXIF, which browsers overlook, and Python does not.
import type { Pixels } from "../core/pixels.ts";

/** The file's header, and its first chunk's up to the flags: RFC 9649, section 2.7. */
const HEAD_BYTES = 21;
const HAS_EXIF = 8;

/**
 * The pixels of a photo as they are meant to be seen.
 *
 * @param decoded - as the browser has them, which has turned photos of other formats itself.
 */
export async function uprightWebp(photo: Blob, decoded: Promise<Pixels>): Promise<Pixels> {
  const [pixels, head] = await Promise.all([decoded, photo.slice(0, HEAD_BYTES).arrayBuffer()]);
  const bytes = new Uint8Array(head);
  const words = String.fromCharCode(...bytes);
  if (!words.startsWith("RIFF") || !words.startsWith("WEBPVP8X", 8) || !(bytes[20]! & HAS_EXIF)) return pixels;
  return (await import("./turning.ts")).turnWebp(photo, pixels); // few need it
}
