/** A mistake or a limit that a person can do something about: the thing, the reason, the next step. */
export class EdgeKitError extends Error {
  override readonly name = "EdgeKitError";
}

/** What something is, in a word for a sentence: `Undefined`, `String`, `ArrayBuffer`, `Object`, ... */
export function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
