// Why the page runs what it runs.
import type { Model } from "../src/api.ts";
import type { EngineName } from "../src/engines/engine.ts";
import { engineName } from "./words.ts";

/** Good for somebody who asked for that engine, not where another one runs. */
const ADVICE = / Choose another engine\.$/;

/** What src/load.ts says of an engine that it remembers. */
const REMEMBERED = "the fastest when all were tried";

/** Which engine runs and why, in one or two sentences. */
export function explain(model: Pick<Model, "engine" | "tried">, asked: EngineName | null): string {
  const { engine, tried } = model;
  const where = engine.adapter === null ? "" : ` on ${engine.adapter}`;
  // The engine's name says that already.
  const kernels = engine.kernels.replace(/^WebAssembly /, "");
  const sentences = [`${engineName(engine.name)}${where} runs it (${kernels}).`];
  if (asked === null && tried.some((one) => one.engine !== engine.name && one.ms !== null)) {
    sentences.push("It was the fastest of those tried.");
  }
  if (tried.some(({ reason }) => reason === REMEMBERED)) sentences.push("It was the fastest when all were tried.");
  if (engine.software) sentences.push("A processor imitates the graphics adapter here, so it is slow.");
  return sentences.join(" ");
}

/** Of the engines that cannot run it here, each with its reason. */
export function explainOthers({ engine, tried }: Pick<Model, "engine" | "tried">): readonly string[] {
  return tried
    .filter((one) => one.engine !== engine.name && one.ms === null && one.reason !== "")
    .map((one) => `${engineName(one.engine)}: ${one.reason.replace(ADVICE, "")}`);
}
