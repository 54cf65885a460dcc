// What is said where something cannot be done: the thing, the reason, the next step.
import type { EngineName } from "../src/engines/engine.ts";
import { engineName, reason } from "./words.ts";

export function forPicked(name: string): string {
  return `${name} is not a photo. Choose a JPEG, PNG, WebP or AVIF file.`;
}

export function forPaste(): string {
  return "There is no picture on the clipboard. Copy a picture (not its address), then paste again.";
}

/** Why the camera does not start, by the name of getUserMedia's error. */
export function forCamera(name: string, message: string): string {
  switch (name) {
    case "NotAllowedError":
      return "The camera is blocked for this page. Allow it in the browser's settings for this site, then try again.";
    case "NotFoundError":
    case "OverconstrainedError":
      return "No camera was found. Connect one, or choose a photo instead.";
    case "NotReadableError":
    case "AbortError":
      return "The camera is in use, or does not answer. Close the other program that uses it, then try again.";
    default:
      return `The camera did not start (${message}). Choose a photo instead.`;
  }
}

/** After a model was loaded in another engine. */
export function forLostGraphics(before: EngineName, now: EngineName): string {
  return (
    `${engineName(before)} has lost the graphics processor: its driver ended, or the device slept. ` +
    `${engineName(now)} runs the model instead. To go back, choose the engine below.`
  );
}

/** The site is not whole. */
export function forMissingSite(error: unknown): string {
  return `${reason(error)} Put the whole folder that edgekit export --to browser wrote on the server.`;
}

export const NO_PICTURES =
  "This model takes no pictures, so this page can only measure it. Its tensors: model.predict() of the library.";

export const INSECURE_CAMERA =
  "A live camera needs https or this same machine, and this page came over plain http. " +
  "Choose a photo instead, or start the server with: edgekit serve SITE --lan --https";
