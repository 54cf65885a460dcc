// When WebAssembly's memory is full.
import { EdgeKitError } from "../../errors.ts";

/** The largest piece that malloc can give: from here on it takes the size for a negative number. */
const LARGEST_PIECE = 2 ** 31 - 1;

export interface WasmMemory {
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/**
 * TensorFlow.js takes the address 0, by which malloc says that there is no memory left, for a tensor's place: the
 * answers of a model that is too large are wrong then, without a word.
 */
export function guardMemory(module: WasmMemory): void {
  // The first call puts another function in its own place.
  module._free(module._malloc(8));
  const malloc = module._malloc;
  module._malloc = (bytes) => {
    const address = bytes > LARGEST_PIECE ? 0 : malloc(bytes);
    if (address === 0) {
      throw new EdgeKitError("The model needs more memory than WebAssembly has here. Choose a smaller one.");
    }
    return address;
  };
}
