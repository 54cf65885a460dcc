// The model's way here.
import { find } from "./dom.ts";
import { bytes } from "./words.ts";

const box = find("loading", HTMLElement);
const text = find("loading-text", HTMLElement);
const bar = find("loading-bar", HTMLProgressElement);

/** Shows how far loading is; `null` when it is over. */
export function showLoading(progress: { readonly loaded: number; readonly total: number | null } | null): void {
  box.hidden = progress === null;
  if (progress === null) return;
  const { loaded, total } = progress;
  if (total === null || loaded === 0) bar.removeAttribute("value");
  else if (loaded >= total) bar.removeAttribute("value");
  else bar.value = loaded / total;
  const of = total === null ? "" : ` of ${bytes(total)}`;
  if (loaded === 0) text.textContent = "Loading the model";
  else if (total !== null && loaded >= total) text.textContent = "Starting the engine";
  else text.textContent = `Loading the model, ${bytes(loaded)}${of}`;
}
