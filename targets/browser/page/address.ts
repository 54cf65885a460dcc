// The chosen model and engine stand in the page's address, so that a reload or a link keeps them.
import { FORMATS, type EngineName } from "../src/engines/engine.ts";
import type { SiteManifest, SiteModel } from "../src/manifest.ts";

/** What runs: a model of the site, and an engine, or `null` for the fastest. */
export interface Choice {
  readonly model: SiteModel;
  readonly engine: EngineName | null;
}

/** The choice in an address's hash; what does not fit the site is left out. */
export function readChoice(hash: string, site: SiteManifest): Choice {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const first = site.models[0]!;
  const asked = fields.get("engine");
  const engine = asked !== null && asked in FORMATS ? (asked as EngineName) : null;
  const named = site.models.find((model) => model.id === fields.get("model"));
  const model = named ?? site.models.find((one) => engine !== null && one.format === FORMATS[engine]) ?? first;
  return { model, engine: engine !== null && FORMATS[engine] === model.format ? engine : null };
}

/** The hash of a choice. */
export function writeChoice(choice: Choice): string {
  const fields = new URLSearchParams({ model: choice.model.id });
  if (choice.engine !== null) fields.set("engine", choice.engine);
  return `#${fields}`;
}
