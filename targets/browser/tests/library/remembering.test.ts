import { expect, test } from "vitest";
import { forget, recall, remember } from "../../src/remembering.ts";

const HERE = { digest: "d".repeat(64), userAgent: "Browser/1", crossOriginIsolated: true };

/** A browser's storage, of which Node has none by default. */
class Shelf implements Storage {
  [name: string]: unknown;
  readonly #items = new Map<string, string>();
  readonly #room: number;
  constructor(room = Infinity) {
    this.#room = room;
  }
  get length() {
    return this.#items.size;
  }
  key = (place: number) => [...this.#items.keys()][place] ?? null;
  getItem = (key: string) => this.#items.get(key) ?? null;
  setItem = (key: string, value: string) => {
    if (this.#items.size >= this.#room) throw new DOMException("full", "QuotaExceededError");
    this.#items.set(key, value);
  };
  removeItem = (key: string) => void this.#items.delete(key);
  clear = () => this.#items.clear();
}

test("what is remembered counts for the same model and browser only", () => {
  const shelf = new Shelf();
  remember(HERE, { engine: "webgl", ms: 4.5 }, shelf);
  expect(recall(HERE, shelf)).toEqual({ engine: "webgl", ms: 4.5 });
  expect(recall({ ...HERE, digest: "e".repeat(64) }, shelf)).toBeNull();
  expect(recall({ ...HERE, userAgent: "Browser/2" }, shelf)).toBeNull();
  expect(recall({ ...HERE, crossOriginIsolated: false }, shelf)).toBeNull();
  forget(HERE, shelf);
  expect(recall(HERE, shelf)).toBeNull();
});

test("no storage, a full one and damaged entries are no error", () => {
  expect(recall(HERE, null)).toBeNull();
  remember(HERE, { engine: "wasm", ms: 1 }, null);
  remember(HERE, { engine: "wasm", ms: 1 }, new Shelf(0));
  for (const damaged of ["{", "null", "3", '{"engine": 7}']) {
    const shelf = new Shelf();
    shelf.setItem(`edgekit:engine:${HERE.digest}`, damaged);
    expect(recall(HERE, shelf)).toBeNull();
  }
});

test("only so many models are remembered, and nothing of others is touched", () => {
  const shelf = new Shelf();
  shelf.setItem("theirs", "kept");
  for (let model = 0; model < 60; model++) remember({ ...HERE, digest: `${model}` }, { engine: "wasm", ms: 1 }, shelf);
  expect(shelf.length).toBe(51);
  expect(shelf.getItem("theirs")).toBe("kept");
  expect(recall({ ...HERE, digest: "59" }, shelf)).not.toBeNull();
});
