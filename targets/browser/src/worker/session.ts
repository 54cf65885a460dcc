// A model that is open in an engine, and what its spec says about both.
import { dequantize } from "../core/outputs.ts";
import type { ModelSpec } from "../core/spec.ts";
import { type Engine, FORMATS, type Values } from "../engines/engine.ts";
import { openEngine } from "../engines/registry.ts";
import { EdgeKitError } from "../errors.ts";
import { readModel } from "../reading.ts";
import { createClassify } from "./classifying.ts";
import type { Classified, ClassifyRequest, OpenRequest, Trial } from "./protocol.ts";
import { sampleInputs } from "./sample.ts";
import { checkInputs, describeAsTensors } from "./tensors.ts";

/** An open model. */
export interface Session {
  readonly spec: ModelSpec;
  readonly engine: Engine;
  /** What opening cost, milliseconds. */
  readonly opening: { readonly download: number; readonly load: number; readonly firstCall: number };
  classify(request: ClassifyRequest): Promise<Classified>;
  predict(inputs: Readonly<Record<string, Values>>): Promise<Readonly<Record<string, Values>>>;
  dispose(): void;
}

/** A trial goes on for so many warm runs, or for so many milliseconds after the first three. */
const TRIAL_RUNS = 10;
const TRIAL_MS = 300;

/**
 * Opens a model and runs it once: what has not run does not count as loaded.
 *
 * @throws EdgeKitError - the engine does not work here, cannot run the model, or does not fit its spec; in a trial,
 *   also where a processor imitates the graphics adapter.
 */
export async function openSession(request: OpenRequest): Promise<[Session, Trial | null]> {
  const { name, files, trial } = request;
  const written = await readSpec(request);
  const begin = performance.now();
  const engine = await openEngine(request.engine, new Map(files), request.assets);
  const load = performance.now() - begin;
  try {
    if (trial && engine.info.software) {
      const { adapter, kernels } = engine.info;
      throw new EdgeKitError(`a processor imitates the graphics adapter (${adapter ?? kernels})`);
    }
    const spec = written ?? describeAsTensors(name, engine);
    const inputs = sampleInputs(engine.inputs, spec);
    const before = performance.now();
    const first = await engine.run(inputs);
    const opening = { download: request.downloadMs, load, firstCall: performance.now() - before };
    const session = { ...createSession(name, spec, engine), opening };
    if (!trial) return [session, null];
    const output = engine.outputs[0]!;
    const answer = dequantize(first.outputs[output.name]!, output);
    return [session, { milliseconds: await timeWarm(engine, inputs), answer }];
  } catch (error) {
    engine.dispose();
    throw error;
  }
}

async function timeWarm(engine: Engine, inputs: Readonly<Record<string, Values>>): Promise<number> {
  const times: number[] = [];
  const end = performance.now() + TRIAL_MS;
  while (times.length < TRIAL_RUNS && (times.length < 3 || performance.now() < end)) {
    const { runMs, readMs } = await engine.run(inputs);
    times.push(runMs + readMs);
  }
  return times.sort((one, other) => one - other)[times.length >> 1]!;
}

async function readSpec({ engine, files, name }: OpenRequest): Promise<ModelSpec | null> {
  const format = FORMATS[engine];
  const file = format === "tfjs" ? files.find(([path]) => path === "model.json") : files[0];
  if (file === undefined) throw new EdgeKitError(`${name} has no model.json. Export it again.`);
  return (await readModel(format, file[1], name)).spec;
}

function createSession(name: string, spec: ModelSpec, engine: Engine): Omit<Session, "opening"> {
  const classify = spec.task === "tensors" ? null : createClassify(name, spec, engine);
  return {
    spec,
    engine,
    async classify(request) {
      if (classify === null) {
        throw new EdgeKitError(`${name} cannot classify photos: it takes plain tensors. Use predict instead.`);
      }
      return classify(request);
    },
    async predict(inputs) {
      const { outputs } = await engine.run(checkInputs(inputs, engine.inputs));
      // Of memory of their own: a view of WebAssembly's would take all of it along.
      return Object.fromEntries(Object.entries(outputs).map(([name, values]) => [name, values.slice()]));
    },
    dispose: () => engine.dispose(),
  };
}
