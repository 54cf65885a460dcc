/** A mistake or a limit that a person can do something about: the thing, the reason, the next step. */
export class EdgeKitError extends Error {
  override readonly name = "EdgeKitError";
}
