// Names for a TFLite model's inputs and outputs, as in edgekit/runtime/engines/litert_names.py.

/** What converters call an output of which they know nothing, and the empty name. */
const MEANINGLESS = /^((Stateful)?PartitionedCall(_\d+)?|Identity(_\d+)?|)$/;

/**
 * One unique name for each tensor.
 *
 * @param kind - for tensors without a name of their own.
 * @param indices - of the tensors.
 * @param rawNames - of the tensors, as in `serving_default_image:0`.
 * @param signature - tensor index and name, if the model has one for these tensors.
 */
export function nameTensors(
  kind: "input" | "output",
  indices: readonly number[],
  rawNames: readonly string[],
  signature: readonly [number, string][] | null,
): string[] {
  if (signature !== null) {
    const byIndex = new Map(signature);
    return indices.map((index) => byIndex.get(index) ?? "");
  }
  const names: string[] = [];
  rawNames.forEach((raw, place) => {
    let name = readable(raw) || (rawNames.length === 1 ? kind : `${kind}_${place}`);
    while (names.includes(name)) name = `${name}_${place}`;
    names.push(name);
  });
  return names;
}

/** `serving_default_image:0` to `image`; empty for a name that says nothing. */
function readable(raw: string): string {
  const name = raw.replace(/:\d+$/, "").replace(/^serving_default_/, "");
  return MEANINGLESS.test(name) ? "" : name;
}
