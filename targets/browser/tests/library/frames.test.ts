import { expect, test } from "vitest";
import { isOpaque } from "../../src/photo/frames.ts";

const frame = (format: string | null) => ({ format }) as VideoFrame;

test("what a camera gives and a JPEG decodes to is opaque without a look at each pixel", () => {
  for (const format of ["I420", "NV12", "I444", "RGBX", "BGRX"]) expect(isOpaque(frame(format))).toBe(true);
});

test("what has alpha, or is of no format that is told, is not", () => {
  for (const format of ["RGBA", "BGRA", "I420A", "I420AP10", null]) expect(isOpaque(frame(format))).toBe(false);
});
