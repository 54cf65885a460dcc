import { createHash } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";
import { checkDigest, sha256 } from "../../src/core/digest.ts";
import { digest } from "../../src/core/sha256.ts";

const bytes = (length: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length }, (_, index) => index * 7 + length);
const expected = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");

afterEach(() => vi.unstubAllGlobals());

// Every length of the last block, and some with many.
test.each([...Array.from({ length: 130 }, (_, length) => length), 1000, 65_536, 1_000_003])("%i bytes", async (length) => {
  const data = bytes(length);
  expect(Buffer.from(digest(data)).toString("hex")).toBe(expected(data));
  expect(await sha256(data)).toBe(expected(data));
});

test("a page that is no secure context computes by itself", async () => {
  vi.stubGlobal("crypto", {});
  const data = bytes(300);
  expect(await sha256(data)).toBe(expected(data));
});

test("part of a larger memory", () => {
  const data = bytes(200).subarray(3, 140);
  expect(Buffer.from(digest(data)).toString("hex")).toBe(expected(data));
});

test("another file is refused, the digest's letters may be large", async () => {
  const data = bytes(10);
  await checkDigest(data, expected(data).toUpperCase(), "a.bin");
  await expect(checkDigest(data, expected(bytes(11)), "a.bin")).rejects.toThrow(/^a\.bin is not the file .* Reload/);
});
