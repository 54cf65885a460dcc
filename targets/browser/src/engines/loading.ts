// WebAssembly and the scripts that start it, by address: both lie in the assets' folder, with their names.
import { EdgeKitError } from "../errors.ts";
import { firstLine } from "./text.ts";

/** What Emscripten's loaders take; the module's own functions are in what the promise answers. */
export interface LoaderOptions {
  locateFile: (name: string) => string;
  instantiateWasm: (imports: WebAssembly.Imports, done: Receive) => object;
  /** What threads load. */
  mainScriptUrlOrBlob: string;
  onAbort: (reason: unknown) => void;
  print: (line: string) => void;
  printErr: (line: string) => void;
}

type Factory<T> = (options: LoaderOptions) => Promise<T>;
type Receive = (instance: WebAssembly.Instance, module: WebAssembly.Module) => void;

/** Of each binary, from the build; see build-assets.ts. A loader and another version's binary end in a crash. */
declare const WASM_DIGESTS: Readonly<Record<string, string>>;

const NEXT_STEP = "Are all files of the folder wasm there, unchanged?";

/**
 * Starts one of Emscripten's modules.
 *
 * @param assets - the folder, an address that ends in a slash.
 * @param script - the loader's file name.
 * @param binary - the file name of the WebAssembly.
 * @throws EdgeKitError - a file is missing or broken.
 */
export async function startModule<T>(assets: string, script: string, binary: string): Promise<T> {
  const url = new URL(script, assets).href;
  // Both at once; the loader itself would begin with the second only when it runs.
  const [start, module] = await Promise.all([importFactory<T>(url, script), compile(assets, binary)]);
  return new Promise<T>((resolve, reject) => {
    const fail = (reason: unknown) =>
      reject(new EdgeKitError(`${binary} cannot be started: ${firstLine(reason)}. ${NEXT_STEP}`));
    const options: LoaderOptions = {
      locateFile: (name) => new URL(name, assets).href,
      instantiateWasm: (imports, done) => {
        WebAssembly.instantiate(module, imports).then((instance) => done(instance, module), fail);
        return {};
      },
      mainScriptUrlOrBlob: url,
      onAbort: fail,
      // What they say while they work is for their makers; errors come as errors.
      print: () => undefined,
      printErr: () => undefined,
    };
    // The promise of an old Emscripten's module is no real one and would be waited for forever inside another.
    start(options).then(resolve, fail);
  });
}

/** A module, not a classic script: workers that are modules cannot load those. */
async function importFactory<T>(url: string, script: string): Promise<Factory<T>> {
  try {
    await import(/* @vite-ignore */ url);
  } catch (error) {
    throw new EdgeKitError(`${url} cannot be loaded: ${firstLine(error)}. ${NEXT_STEP}`);
  }
  const loaders = (globalThis as { edgekitLoaders?: Record<string, Factory<T>> }).edgekitLoaders;
  const found = loaders?.[script];
  if (found === undefined) throw new EdgeKitError(`${url} is not the loader that it should be. ${NEXT_STEP}`);
  return found;
}

async function compile(assets: string, name: string): Promise<WebAssembly.Module> {
  const url = new URL(name, assets).href;
  const integrity = WASM_DIGESTS[name];
  // A `fetch` that checks it holds all bytes back until the last has come. Where the page may compute digests itself,
  // the binary is compiled while it arrives, and checked meanwhile.
  const checks = globalThis.crypto?.subtle !== undefined;
  let response: Response;
  try {
    response = await fetch(url, checks || integrity === undefined ? {} : { integrity });
  } catch (error) {
    if (error instanceof EdgeKitError) throw error;
    // Browsers do not tell which of the two it is.
    const reason = `the network is away, or it is not the file that belongs to this library (${firstLine(error)})`;
    throw new EdgeKitError(`${url} cannot be fetched: ${reason}. ${NEXT_STEP}`);
  }
  if (!response.ok) {
    throw new EdgeKitError(`${url} cannot be fetched: the server answers ${response.status}. ${NEXT_STEP}`);
  }
  const copy = response.clone();
  const [module, found] = await Promise.allSettled([compileResponse(response), checks ? digestOf(copy) : integrity]);
  if (found.status === "rejected") {
    throw new EdgeKitError(`${url} broke off while it was fetched (${firstLine(found.reason)}). Try again.`);
  }
  if (integrity !== undefined && found.value !== integrity) {
    throw new EdgeKitError(`${url} cannot be used: it is not the file that belongs to this library. ${NEXT_STEP}`);
  }
  if (module.status === "fulfilled") return module.value;
  throw new EdgeKitError(`${url} is no WebAssembly that this browser runs: ${firstLine(module.reason)}. ${NEXT_STEP}`);
}

/** While it arrives, where the server sends the right type. */
async function compileResponse(response: Response): Promise<WebAssembly.Module> {
  const typed = response.headers.get("Content-Type")?.startsWith("application/wasm");
  return typed ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}

/** As in the attribute `integrity`. */
async function digestOf(response: Response): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await response.arrayBuffer());
  return `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
}
