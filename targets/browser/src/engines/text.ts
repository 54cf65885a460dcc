// Other people's error messages in one line.

const LONGEST = 300;

/** The beginning of an error's text, without a full stop: some messages of TensorFlow.js run over pages. */
export function firstLine(error: unknown): string {
  const message = (error as { message?: unknown } | null)?.message;
  const line = String(message ?? error).trim().split("\n", 1)[0]?.replace(/\.$/, "") || "no reason is given";
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1)}…`;
}
