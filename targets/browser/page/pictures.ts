// Photos that come by picking, dropping, pasting, or shared from another app.
import { find } from "./dom.ts";
import { forPaste, forPicked } from "./refusals.ts";

export interface Photo {
  readonly blob: Blob;
  readonly name: string;
}

/** What is a photo among what came; the rest is counted. */
export function sift(files: readonly File[]): { photos: readonly Photo[]; others: readonly string[] } {
  // Some systems give no type to a HEIC or AVIF file: whether it is readable, decoding tells.
  const photos = files.filter((file) => file.type === "" || file.type.startsWith("image/"));
  return {
    photos: photos.map((file) => ({ blob: file, name: file.name || "Pasted picture" })),
    others: files.filter((file) => !photos.includes(file)).map((file) => file.name),
  };
}

/** Watches for photos; `take` gets those of one go, `refuse` a message for what is none. */
export function watchPictures(take: (photos: readonly Photo[]) => void, refuse: (message: string) => void): void {
  function receive(list: Iterable<File>, missing: string): void {
    const { photos, others } = sift([...list]);
    if (photos.length > 0) take(photos);
    else refuse(others.length > 0 ? forPicked(others[0]!) : missing);
  }

  for (const id of ["pick", "capture"]) {
    const input = find(id, HTMLInputElement);
    input.addEventListener("change", () => {
      if (input.files !== null && input.files.length > 0) receive(input.files, "");
      // So that the same photo can be chosen again.
      input.value = "";
    });
  }
  watchDrop((files) => receive(files, "What was dropped is no file. Save the photo first, then drop the file."));
  document.addEventListener("paste", (event) => {
    const files = event.clipboardData?.files;
    if (files !== undefined && files.length > 0) receive(files, "");
    else refuse(forPaste());
  });
  watchPasteButton((file) => receive([file], ""), refuse);
}

function watchDrop(receive: (files: FileList) => void): void {
  const hint = find("drop", HTMLElement);
  // Entering a child comes before leaving its parent; the count tells when the window itself is left.
  let depth = 0;
  window.addEventListener("dragenter", (event) => {
    event.preventDefault();
    depth += 1;
    hint.hidden = false;
  });
  window.addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    hint.hidden = depth === 0;
  });
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    hint.hidden = true;
    if (event.dataTransfer !== null) receive(event.dataTransfer.files);
  });
}

function watchPasteButton(receive: (file: File) => void, refuse: (message: string) => void): void {
  const button = find("paste", HTMLButtonElement);
  // Not there without a secure context; the keys for pasting work all the same.
  if (!("clipboard" in navigator) || !("read" in navigator.clipboard)) {
    button.hidden = true;
    return;
  }
  button.addEventListener("click", async () => {
    try {
      for (const item of await navigator.clipboard.read()) {
        const type = item.types.find((one) => one.startsWith("image/"));
        if (type !== undefined) return receive(new File([await item.getType(type)], "Pasted picture", { type }));
      }
      refuse(forPaste());
    } catch {
      refuse("The browser did not allow reading the clipboard. Press Ctrl+V (on a Mac: ⌘V) instead.");
    }
  });
}
