import { expect, test } from "vitest";
import { createEncode } from "../../src/photo/encode.ts";
import { isTranslucent } from "../../src/photo/translucent.ts";

const PIXELS = Uint8Array.from({ length: 256 }, (_, pixel) => pixel);
const INPUT = { name: "image", shape: [1, 16, 16, 1] };

test("pixels of a model that scales inside are its values, without a copy", () => {
  expect(createEncode({ ...INPUT, dtype: "float32", scale: null, zeroPoint: 0 })(PIXELS)).toBe(PIXELS);
  expect(createEncode({ ...INPUT, dtype: "uint8", scale: 1, zeroPoint: 0 })(PIXELS)).toBe(PIXELS);
});

test("quantized otherwise, they are rounded and cut as TFLite does", () => {
  const shifted = createEncode({ ...INPUT, dtype: "int8", scale: 1, zeroPoint: -128 })(PIXELS);
  expect(shifted).toBeInstanceOf(Int8Array);
  expect([...shifted]).toEqual([...PIXELS].map((pixel) => pixel - 128));
  const halved = createEncode({ ...INPUT, dtype: "uint8", scale: 2, zeroPoint: 3 })(PIXELS);
  expect([...halved.subarray(0, 4)]).toEqual([3, 4, 4, 5]);
  const doubled = createEncode({ ...INPUT, dtype: "uint8", scale: 0.5, zeroPoint: 0 })(PIXELS);
  expect([doubled[100], doubled[127], doubled[128], doubled[255]]).toEqual([200, 254, 255, 255]);
});

test("one pixel makes a picture translucent", () => {
  const rgba = new Uint8ClampedArray(400).fill(255);
  expect(isTranslucent(rgba)).toBe(false);
  rgba[8] = 0;
  expect(isTranslucent(rgba)).toBe(false);
  rgba[399] = 254;
  expect(isTranslucent(rgba)).toBe(true);
});
