// The pictures so far, to go back to; they are kept in memory only.
import { find, make } from "./dom.ts";
import type { Photo } from "./pictures.ts";

const list = find("tray", HTMLElement);
const MOST = 12;

export interface Entry extends Photo {
  /** A `blob:` address. */
  readonly address: string;
}

export interface Tray {
  add(photo: Photo): Entry;
  drop(entry: Entry): void;
  /** Marks the one on stage; `null` for none. */
  mark(entry: Entry | null): void;
  /** Writes the answer's name below a picture. */
  name(entry: Entry, name: string): void;
}

export function createTray(onChoose: (entry: Entry) => void): Tray {
  const buttons = new Map<Entry, HTMLButtonElement>();

  function drop(entry: Entry): void {
    buttons.get(entry)?.parentElement?.remove();
    buttons.delete(entry);
    URL.revokeObjectURL(entry.address);
    list.hidden = buttons.size < 2;
  }

  return {
    add(photo) {
      const entry = { ...photo, address: URL.createObjectURL(photo.blob) };
      const button = make("button");
      button.type = "button";
      const image = make("img");
      image.src = entry.address;
      image.alt = "";
      button.append(image, make("span", "", photo.name));
      button.addEventListener("click", () => onChoose(entry));
      const item = make("li");
      item.append(button);
      list.prepend(item);
      buttons.set(entry, button);
      if (buttons.size > MOST) drop(buttons.keys().next().value!);
      list.hidden = buttons.size < 2;
      return entry;
    },
    drop,
    mark(entry) {
      for (const [one, button] of buttons) button.ariaCurrent = one === entry ? "true" : null;
    },
    name(entry, name) {
      const text = buttons.get(entry)?.lastElementChild;
      if (text) text.textContent = name;
    },
  };
}
