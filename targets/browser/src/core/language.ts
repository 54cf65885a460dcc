// Labels in a person's language, as in edgekit/language.py.
import type { Label } from "./spec.ts";

const DEFAULT_LANGUAGE = "en";

/** What to call a label: in the language, else in English, else in the first there is, else its id. */
export function displayName(label: Label, language?: string | null): string {
  return inLanguage(label.names, language) || label.id;
}

/** A label's description: in the language, else in English, else in the first there is, else empty. */
export function describeLabel(label: Label, language?: string | null): string {
  return inLanguage(label.descriptions, language);
}

/**
 * The text for a reader of a language; empty where there is none at all.
 *
 * @param texts - locale to text.
 * @param language - as in `de`, `de-AT` or `de_AT.UTF-8`; English without one. What is more special than any locale
 *   there is gets the more general one, and the other way round.
 */
export function inLanguage(texts: Readonly<Record<string, string>>, language?: string | null): string {
  for (const wanted of language ? [language, DEFAULT_LANGUAGE] : [DEFAULT_LANGUAGE]) {
    const text = (Object.hasOwn(texts, wanted) && texts[wanted]) || nearest(texts, wanted);
    if (text) return text;
  }
  return Object.values(texts).find(Boolean) ?? "";
}

function nearest(texts: Readonly<Record<string, string>>, language: string): string {
  const tags = new Map<string, string>();
  for (const [locale, text] of Object.entries(texts)) if (text) tags.set(subtags(locale).join("-"), text);
  const wanted = subtags(language);
  // RFC 4647, lookup
  for (let length = wanted.length; length > 0; length--) {
    const text = tags.get(wanted.slice(0, length).join("-"));
    if (text !== undefined) return text;
  }
  for (const [tag, text] of tags) if (tag.split("-")[0] === wanted[0]) return text;
  return "";
}

function subtags(locale: string): string[] {
  return (locale.split(".")[0] ?? "").split("@")[0]!.replaceAll("_", "-").toLowerCase().split("-");
}
