// One engine, one model, some inputs, in a module worker as the library's own. For tests/browser/test_engines.py.
import { openEngine } from "./engines/index.js";

async function useOnce(engine, bytes) {
  await engine.run({ [engine.inputs[0].name]: new Uint8Array(bytes) });
  engine.dispose();
  engine.dispose();
}

self.onmessage = async ({ data }) => {
  if (data.processors) {
    Object.defineProperty(WorkerNavigator.prototype, "hardwareConcurrency", { get: () => data.processors });
  }
  try {
    const files = new Map();
    for (const [path, source] of data.files) {
      const bytes = source instanceof Uint8Array ? source : await (await fetch(source)).arrayBuffer();
      files.set(path, new Uint8Array(bytes));
    }
    const assets = new URL(data.assets, self.location.href).href;
    // Others before it, and one beside it, in the same worker.
    for (const name of data.before) await useOnce(await openEngine(name, files, assets), data.inputs[0]);
    const beside = data.beside ? await openEngine(data.beside, files, assets) : null;
    const engine = await openEngine(data.engine, files, assets);
    if (beside) await useOnce(beside, data.inputs[0]);
    const [input] = engine.inputs;
    const runs = [];
    for (const bytes of data.inputs) runs.push(await engine.run({ [input.name]: new Uint8Array(bytes) }));
    const { info, inputs, outputs } = engine;
    engine.dispose();
    const answers = runs.map((run) => outputs.map(({ name }) => Array.from(run.outputs[name])));
    const times = runs.map(({ runMs, readMs }) => [runMs, readMs]);
    self.postMessage({ info, inputs, outputs, answers, times });
  } catch (error) {
    self.postMessage({ error: error.name, message: error.message });
  }
};
