// SHA-256, to tell whether a file is the one of the manifest.
import { EdgeKitError } from "../errors.ts";

/**
 * The digest, 64 hexadecimal digits: by the browser's own code where the context is secure, else by ours, which is
 * fetched only then.
 */
export async function sha256(data: Uint8Array<ArrayBuffer>): Promise<string> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  const digest = subtle
    ? new Uint8Array(await subtle.digest("SHA-256", data))
    : (await import("./sha256.ts")).digest(data);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Refuses a file that is not the one of the manifest.
 *
 * @param expected - 64 hexadecimal digits.
 * @param name - what to call the file in an error.
 * @throws EdgeKitError - it is another one.
 */
export async function checkDigest(data: Uint8Array<ArrayBuffer>, expected: string, name: string): Promise<void> {
  const found = await sha256(data);
  if (found === expected.toLowerCase()) return;
  throw new EdgeKitError(
    `${name} is not the file that the manifest speaks of (its SHA-256 begins with ${found.slice(0, 12)}, not ` +
      `${expected.slice(0, 12)}); it may be cut short or of another version. Reload the page, or export the site again.`,
  );
}
