import { expect, test } from "vitest";
import type { Model } from "../../src/api.ts";
import type { EngineName } from "../../src/engines/engine.ts";
import { findStandIn } from "../../page/recovery.ts";

const DEAD = () => Promise.reject(new Error("lost"));
const ALIVE = () => Promise.resolve({});

function model(name: EngineName, predict: Model["predict"]): Pick<Model, "engine" | "inputs" | "predict"> {
  const engine = { name, version: "", kernels: "", threads: 1, adapter: null, software: false };
  const inputs = [{ name: "image", shape: [-1, 4, 4, 3], dtype: "uint8", scale: null, zeroPoint: 0 }];
  return { engine, inputs, predict };
}

test("WebAssembly stands in for a graphics processor that is gone", async () => {
  expect(await findStandIn(model("webgl", DEAD))).toBe("wasm");
  expect(await findStandIn(model("webgpu", DEAD))).toBe("wasm");
  expect(await findStandIn(model("litert-webgpu", DEAD))).toBe("litert-wasm");
});

test("nothing is mended that still runs, or needs no graphics processor", async () => {
  const sizes: number[] = [];
  const counting: Model["predict"] = (inputs) => {
    sizes.push(inputs["image"]!.length);
    return ALIVE();
  };
  expect(await findStandIn(model("webgl", counting))).toBeNull();
  expect(sizes).toEqual([48]);
  for (const name of ["wasm", "cpu", "litert-wasm"] as const) expect(await findStandIn(model(name, DEAD))).toBeNull();
});
