// What goes wrong on purpose, in one sentence and with who must act.

/** "file": the model's files are broken or foreign; "unsupported": sound, but not for this engine; "usage": the caller. */
export type Kind = "file" | "unsupported" | "usage";

export class RunnerError extends Error {
  readonly kind: Kind;

  constructor(kind: Kind, message: string) {
    super(message);
    this.kind = kind;
  }
}

const LONGEST = 300;

/** The beginning of an error's text: some messages of TensorFlow.js run over pages. */
export function firstLine(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).trim();
  const line = text.split("\n", 1)[0] || "an error without a message";
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1)}…`;
}
