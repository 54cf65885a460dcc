// From a picture to probabilities of labels.
import { classProbabilities, dequantize, topPredictions } from "../core/outputs.ts";
import { createPrepare, type Prepare } from "../core/prepare.ts";
import type { ModelSpec } from "../core/spec.ts";
import { isBinary } from "../core/specrules.ts";
import type { Engine } from "../engines/engine.ts";
import { EdgeKitError } from "../errors.ts";
import { createEncode } from "../photo/encode.ts";
import { readPixels } from "../photo/pixels.ts";
import type { Classified, ClassifyRequest } from "./protocol.ts";
import { accepts, describeTensor, findTensor } from "./tensors.ts";

/** Classifies one picture after another. */
export type Classify = (request: ClassifyRequest) => Promise<Classified>;

/**
 * The way for one model.
 *
 * @param name - of the model, for errors.
 * @throws EdgeKitError - the spec does not fit the engine's tensors.
 */
export function createClassify(name: string, spec: ModelSpec, engine: Engine): Classify {
  const image = spec.inputs[0]?.image;
  if (!image) throw new EdgeKitError(`The spec of ${name} says nothing about its photos. Export it again.`);
  const channels = image.color === "rgb" ? 3 : 1;
  const input = findTensor(engine.inputs, spec.inputs[0]!.name);
  const output = findTensor(engine.outputs, spec.outputs[0]!.name);
  if (engine.inputs.length !== 1 || !accepts(input, [1, image.height, image.width, channels])) {
    throw new EdgeKitError(
      `The spec of ${name} says that it takes images of ${image.width}x${image.height} pixels and ${channels} ` +
        `channels, but the model takes ${engine.inputs.map(describeTensor).join(", ")}. Export it again.`,
    );
  }
  const answers = output.shape.length === 2 ? output.shape[1]! : 0;
  const wanted = isBinary(spec) ? 1 : spec.labels.length;
  // -1: only a run would tell.
  if (answers === 0 || (answers > 0 && wanted > 0 && answers !== wanted)) {
    throw new EdgeKitError(
      `The spec of ${name} has ${spec.labels.length} labels, but the model answers ${describeTensor(output)}. ` +
        "Export it again.",
    );
  }
  const prepare: Prepare = createPrepare(image);
  const encode = createEncode(input);
  return async ({ picture, top, language }) => {
    const begin = performance.now();
    const pixels = await readPixels(picture);
    const decoded = performance.now();
    const seen = prepare(pixels);
    const prepared = performance.now();
    const { outputs, runMs, readMs } = await engine.run({ [input.name]: encode(seen) });
    const probabilities = classProbabilities(dequantize(outputs[output.name]!, output), spec);
    return {
      predictions: topPredictions(probabilities, spec, top, language),
      decode: decoded - begin,
      prepare: prepared - decoded,
      run: runMs,
      read: readMs,
      seen: { width: image.width, height: image.height, channels, pixels: seen },
    };
  };
}
