// A graph model's folder: model.json and the weight files that it names, and nothing outside of the folder.
import { closeSync, fstatSync, openSync, readFileSync, readSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join, sep } from "node:path";
import type { ModelFiles } from "../../engines/engine.ts";
import { firstLine } from "../../engines/text.ts";
import { listWeights, type ModelJson, readModelJson } from "../../engines/tfjs/artifacts.ts";
import { RunnerError } from "./errors.ts";

/**
 * Reads a model.json and its weights.
 *
 * @throws EdgeKitError - a file is missing, broken, or lies outside of the folder.
 */
export function readFolder(path: string): { json: ModelJson; files: ModelFiles } {
  const files = new Map([["model.json", readFile(path)]]);
  const json = readModelJson(files);
  const folder = realpathSync(dirname(path));
  for (const name of listWeights(json)) files.set(name, readWeights(folder, name));
  return { json, files };
}

function readFile(path: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    if (isMissing(error)) throw new RunnerError("file", `There is no file ${path}.`);
    throw new RunnerError("file", `${path} cannot be read: ${firstLine(error)}.`);
  }
}

/** Node's permissions end at the model's folder; what they hide is not there for us. */
function isMissing(error: unknown): boolean {
  return ["ENOENT", "ERR_ACCESS_DENIED"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/** The bytes of one weight file, in an array with nothing else in it. */
function readWeights(folder: string, name: string): Uint8Array<ArrayBuffer> {
  const outside = new RunnerError("file", `The weight file ${name} lies outside of the model's folder.`);
  const path = join(folder, name);
  if (isAbsolute(name) || !path.startsWith(folder + sep)) throw outside;
  let real: string;
  try {
    real = realpathSync(path);
  } catch (error) {
    // Node's permissions do not even let us ask about a link that leads outside.
    if ((error as NodeJS.ErrnoException).code === "ERR_ACCESS_DENIED") throw outside;
    throw new RunnerError("file", `The weight file ${name} is missing.`);
  }
  if (!real.startsWith(folder + sep)) throw outside;
  const file = openSync(real, "r");
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new RunnerError("file", `${name} is no regular file.`);
    const data = new Uint8Array(stat.size);
    for (let start = 0; start < data.length; ) {
      const count = readSync(file, data, start, data.length - start, null);
      if (count === 0) throw new RunnerError("file", `The weight file ${name} changed while it was read.`);
      start += count;
    }
    return data;
  } finally {
    closeSync(file);
  }
}
