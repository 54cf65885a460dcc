// Reading a spec's JSON field by field: each value is checked, and an error names its place.
import { EdgeKitError } from "../errors.ts";

type Kinds = { string: string; integer: number; number: number; array: unknown[]; object: Record<string, unknown> };
export type Kind = keyof Kinds;

const CALLED: Record<Kind, string> = {
  string: "a string",
  integer: "a whole number",
  number: "a finite number",
  array: "an array",
  object: "an object",
};

/** One JSON object on its way to a spec; knows its place, for the error's sentence. */
export interface Fields {
  /** A field that must be there. */
  take<K extends Kind>(key: string, kind: K): Kinds[K];
  /** A field that may be missing or null. */
  optional<K extends Kind>(key: string, kind: K): Kinds[K] | null;
  /** A string that is one of the choices. */
  choice<T extends string>(key: string, choices: readonly T[]): T;
  /** The objects of an array. */
  items(key: string): Fields[];
  /** An object that may be missing or null. */
  child(key: string): Fields | null;
  /** Two finite numbers, or null. */
  bounds(key: string): [number, number] | null;
  /** Sizes, null where any is taken. */
  dimensions(key: string): (number | null)[];
  /** An object whose values are strings. */
  texts(key: string): Record<string, string>;
}

/**
 * @param document - the parsed JSON.
 * @param source - the name of the file, for the error's sentence.
 * @param place - of the object in the document; empty for the document itself.
 * @throws EdgeKitError - here and from all methods: missing, or of the wrong type.
 */
export function openFields(document: unknown, source: string, place = ""): Fields {
  const fail = (name: string, what: string): never => {
    throw new EdgeKitError(`The spec of ${source} is not complete: ${name} ${what}. Export the model again.`);
  };
  const check = <K extends Kind>(name: string, value: unknown, kind: K): Kinds[K] =>
    fits(value, kind) ? value : fail(name, `should be ${CALLED[kind]}, not ${describe(value)}`);
  const nameOf = (key: string) => (place ? `${place}.${key}` : key);
  const object = check(place || "the document", document, "object");
  const value = (key: string): unknown => (Object.hasOwn(object, key) ? object[key] : undefined);

  const take: Fields["take"] = (key, kind) => {
    const found = value(key);
    return found === undefined ? fail(nameOf(key), "is missing") : check(nameOf(key), found, kind);
  };
  const optional: Fields["optional"] = (key, kind) => ((value(key) ?? null) === null ? null : take(key, kind));
  return {
    take,
    optional,
    choice: (key, choices) => {
      const found = take(key, "string");
      return (
        choices.find((choice) => choice === found) ??
        fail(nameOf(key), `is ${JSON.stringify(found)}, not one of ${choices.join(", ")}`)
      );
    },
    items: (key) => take(key, "array").map((item, index) => openFields(item, source, `${nameOf(key)}[${index}]`)),
    child: (key) => ((value(key) ?? null) === null ? null : openFields(value(key), source, nameOf(key))),
    bounds: (key) => {
      const found = optional(key, "array");
      if (found === null) return null;
      const [low, high] = found;
      if (found.length === 2 && fits(low, "number") && fits(high, "number")) return [low, high];
      return fail(nameOf(key), "should be two finite numbers, or null");
    },
    dimensions: (key) => {
      const found = take(key, "array");
      const sound = found.every((size): size is number | null => size === null || (fits(size, "integer") && size >= 0));
      return sound ? found : fail(nameOf(key), "should be a list of sizes, null for any");
    },
    texts: (key) =>
      Object.fromEntries(
        Object.entries(take(key, "object")).map(([name, text]) => [
          check(nameOf(key), name, "string"),
          check(`${nameOf(key)}.${name}`, text, "string"),
        ]),
      ),
  };
}

/** Whether a JSON value can be taken as `kind`. */
export function fits<K extends Kind>(value: unknown, kind: K): value is Kinds[K] {
  switch (kind) {
    case "string":
      // Half of a surrogate pair, as from an undecodable file name, could not be shown.
      return typeof value === "string" && isWellFormed(value);
    case "integer":
      return Number.isInteger(value);
    case "number":
      return Number.isFinite(value);
    case "array":
      return Array.isArray(value);
    default:
      return typeof value === "object" && value !== null && !Array.isArray(value);
  }
}

function describe(value: unknown): string {
  if (value === null || typeof value === "boolean") return JSON.stringify(value);
  if (typeof value === "string") return isWellFormed(value) ? "a string" : "one that is no valid Unicode";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "a number beyond all limits";
  return Array.isArray(value) ? "an array" : "an object";
}

/** As `String.isWellFormed`, which browsers have since 2023 only. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
