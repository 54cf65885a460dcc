// Addresses of files, which Node's own fetch does not take.
import { readFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { EdgeKitError } from "../errors.ts";

const { fetch } = globalThis;

/**
 * As `fetch`, and of a file: address the file.
 *
 * @throws EdgeKitError - there is no such file, or it cannot be read.
 */
export const get: typeof fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  if (url.protocol !== "file:") return fetch(input, init);
  url.hash = "";
  const path = fileURLToPath(url);
  try {
    const data = await readFile(path);
    return new Response(data, { headers: { "content-length": String(data.length) } });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new EdgeKitError(`There is no file ${path}.`);
    if (code === "EISDIR") {
      throw new EdgeKitError(`${path} is a folder. Give the path of the model.json or the manifest.json in it.`);
    }
    throw new EdgeKitError(`${path} cannot be read: ${message}.`);
  }
};

/** The address of what a user names by path or address. In a path, `#` belongs to it but behind a manifest.json. */
export function toUrl(where: string | URL): URL {
  // One letter is a drive of Windows.
  if (where instanceof URL || /^[a-z][a-z\d+.-]+:/i.test(where)) return new URL(where);
  const [, path = where, id = ""] = /^(.*\.json)(#.*)$/s.exec(where) ?? [];
  return new URL(id, pathToFileURL(path));
}
