// What goes wrong on purpose, in one sentence and with who must act.
import { EdgeKitError } from "../../errors.ts";

/** "file": the model's files are broken or foreign; "unsupported": sound, but not for this engine; "usage": the caller. */
export type Kind = "file" | "unsupported" | "usage";

export class RunnerError extends EdgeKitError {
  readonly kind: Kind;

  constructor(kind: Kind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Does some work whose errors are of one kind, but for those that say themselves of which they are. */
export async function asKind<T>(kind: Kind, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EdgeKitError && !(error instanceof RunnerError)) throw new RunnerError(kind, error.message);
    throw error;
  }
}
