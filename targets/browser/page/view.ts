// The stage: nothing yet, a photo, or the camera, and which part of it the network sees.
import type { ModelSpec } from "../src/core/spec.ts";
import { find } from "./dom.ts";
import { placeFrame, seenAspect } from "./frame.ts";

const view = find("view", HTMLElement);
const photo = find("photo", HTMLImageElement);
const video = find("video", HTMLVideoElement);
const frame = find("frame", HTMLElement);

/** The stage takes a picture's shape, width by height, between these. */
const MOST_TALL = 0.8;
const MOST_WIDE = 1.78;

let aspect: number | null = null;

/** Takes over which part a newly loaded model sees. */
export function setSeenPart(spec: ModelSpec): void {
  aspect = seenAspect(spec);
  drawFrame();
}

export function showPhoto(address: string, name: string): void {
  video.hidden = true;
  photo.hidden = false;
  photo.src = address;
  photo.alt = name;
  view.dataset["state"] = "photo";
}

/** Whether the browser can show a photo at all. */
export async function canShow(address: string): Promise<boolean> {
  const image = new Image();
  image.src = address;
  return image.decode().then(
    () => true,
    () => false,
  );
}

export function showVideo(): void {
  photo.hidden = true;
  video.hidden = false;
  view.dataset["state"] = "camera";
}

export function showNothing(): void {
  photo.hidden = true;
  video.hidden = true;
  frame.hidden = true;
  view.style.removeProperty("--aspect");
  view.dataset["state"] = "empty";
}

function drawFrame(): void {
  const picture = video.hidden
    ? { width: photo.naturalWidth, height: photo.naturalHeight }
    : { width: video.videoWidth, height: video.videoHeight };
  if (picture.width > 0) {
    const shape = Math.min(MOST_WIDE, Math.max(MOST_TALL, picture.width / picture.height));
    view.style.setProperty("--aspect", shape.toFixed(3));
  }
  frame.hidden = aspect === null || view.dataset["state"] === "empty" || picture.width === 0;
  if (frame.hidden || aspect === null) return;
  const place = placeFrame({ width: view.clientWidth, height: view.clientHeight }, picture, aspect);
  for (const [name, value] of Object.entries(place)) frame.style.setProperty(name, `${value.toFixed(1)}px`);
}

photo.addEventListener("load", drawFrame);
video.addEventListener("resize", drawFrame);
video.addEventListener("loadedmetadata", drawFrame);
new ResizeObserver(drawFrame).observe(view);
