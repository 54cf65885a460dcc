// Which part of a picture a model sees.
import type { ModelSpec } from "../src/core/spec.ts";

/** Width by height of the part that a model sees of a picture; `null` where it sees all of it. */
export function seenAspect(spec: ModelSpec): number | null {
  const image = spec.inputs.find((input) => input.image !== null)?.image ?? null;
  return image !== null && image.resize === "crop" ? image.width / image.height : null;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Box extends Size {
  readonly left: number;
  readonly top: number;
}

/** Where the seen part lies in a box that shows the whole picture, centred. */
export function placeFrame(box: Size, picture: Size, seen: number): Box {
  const scale = Math.min(box.width / picture.width, box.height / picture.height);
  const shown = { width: scale * picture.width, height: scale * picture.height };
  const width = Math.min(shown.width, seen * shown.height);
  const height = Math.min(shown.height, shown.width / seen);
  return { left: (box.width - width) / 2, top: (box.height - height) / 2, width, height };
}
