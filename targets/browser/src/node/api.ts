// What the library offers in Node, where it differs from what it offers in a browser.
import type { Classification, ClassifyOptions, LoadOptions as BrowserOptions, Model as BrowserModel } from "../api.ts";
import type { EngineName as AnyEngine } from "../engines/engine.ts";

/** TensorFlow.js on WebAssembly or in plain JavaScript; LiteRT.js on WebAssembly. */
export type EngineName = Extract<AnyEngine, "wasm" | "cpu" | "litert-wasm">;

export interface LoadOptions extends Pick<BrowserOptions, "onProgress" | "signal"> {
  /** The engine; by default WebAssembly, and plain JavaScript where it does not run the model. */
  engine?: EngineName;
}

/** An upright picture of 8 bits: grey, RGB, or RGB and alpha that is not premultiplied. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Row by row, the channels of a pixel side by side: height * width * 1, 3 or 4 values 0..255. */
  readonly data: Uint8Array | Uint8ClampedArray;
}

export interface Model extends Omit<BrowserModel, "classify"> {
  /**
   * Finds the most probable classes of a picture. Pictures wait for one another.
   *
   * @throws EdgeKitError - these are no pixels, or the model is no image classifier.
   */
  classify(picture: Picture, options?: ClassifyOptions): Promise<Classification>;
}

/**
 * Loads a model into a thread of its own, so that nothing waits for it. The thread keeps no program from ending.
 *
 * @param where - path or address (file:, http:, https:) of a `.tflite`, of the `model.json` of a TensorFlow.js model,
 *   or of a site's `manifest.json`, then with `#ID` of one of its models; without one it is the first that `engine` runs.
 * @throws EdgeKitError - it cannot be had, is broken or not what the manifest lists, or no engine runs it here.
 */
export type Load = (where: string | URL, options?: LoadOptions) => Promise<Model>;
