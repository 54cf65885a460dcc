// What a screen reader says. The camera's answers change with every frame: only one that stays is said.
import { find } from "./dom.ts";

const status = find("status", HTMLElement);
/** An answer must stand so long to be said, in milliseconds: about as long as saying it takes. */
const STANDS_MS = 1500;

let waiting: { readonly text: string; readonly since: number } | null = null;

export function say(text: string): void {
  waiting = null;
  if (status.textContent !== text) status.textContent = text;
}

/** Says `text` once `key` has stood for a while; called with every frame. */
export function sayWhenItStays(key: string, text: string, now: number): void {
  if (waiting === null || waiting.text !== key) waiting = { text: key, since: now };
  else if (now - waiting.since >= STANDS_MS && status.dataset["key"] !== key) {
    status.dataset["key"] = key;
    status.textContent = text;
  }
}

/** Forgets what the camera showed, so that the same thing is said again. */
export function forget(): void {
  waiting = null;
  delete status.dataset["key"];
}
