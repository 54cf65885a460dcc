// What goes on where the graphics processor is gone: its driver ended, or the device slept.
import type { Model } from "../src/api.ts";
import { FORMATS, type EngineName } from "../src/engines/engine.ts";

/** Those that work without one, by the format of models that they run. */
const WITHOUT_GRAPHICS = { tfjs: "wasm", tflite: "litert-wasm" } as const satisfies Record<string, EngineName>;

/** A model that answers nothing for so long answers nothing any more, in milliseconds. */
const PATIENCE_MS = 10_000;

/**
 * The engine that a model can be loaded in again, once it has failed.
 *
 * @returns `null` where there is nothing to mend: no graphics processor is used, or it still computes, so that the
 *   picture was to blame.
 */
export async function findStandIn(model: Pick<Model, "engine" | "inputs" | "predict">): Promise<EngineName | null> {
  const { name } = model.engine;
  const other = WITHOUT_GRAPHICS[FORMATS[name]];
  if (name === other || name === "cpu" || (await stillRuns(model))) return null;
  return other;
}

async function stillRuns(model: Pick<Model, "inputs" | "predict">): Promise<boolean> {
  // Whatever fits: bytes stand for any dtype.
  const inputs = model.inputs.map(({ name, shape }) => {
    const length = shape.reduce((product, size) => product * Math.max(size, 1), 1);
    return [name, new Uint8Array(length)] as const;
  });
  const tooLate = new Promise<boolean>((done) => setTimeout(() => done(false), PATIENCE_MS));
  const runs = model.predict(Object.fromEntries(inputs)).then(
    () => true,
    () => false,
  );
  return Promise.race([runs, tooLate]);
}
