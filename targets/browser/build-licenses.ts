// The licences of what is bundled, as one text; the code itself comes without its comments.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findPackage, readVersion } from "./build-assets.ts";

const APACHE = "Apache-2.0";
const BUNDLED: readonly { name: string; holder: string; license: string }[] = [
  ...["core", "converter", "backend-cpu", "backend-wasm", "backend-webgl", "backend-webgpu"].map((part) => ({
    name: `@tensorflow/tfjs-${part}`,
    holder: "Google LLC",
    license: APACHE,
  })),
  { name: "@litertjs/core", holder: "Google LLC", license: APACHE },
  { name: "long", holder: "Daniel Wirtz", license: APACHE },
  { name: "seedrandom", holder: "David Bau", license: "MIT, below" },
];

/** Writes `licenses/edgekit.txt` and `licenses/third-party.txt`. */
export function writeLicenses(folder: string): void {
  const list = BUNDLED.map(({ name, holder, license }) => `${name} ${readVersion(name)}, ${holder}, ${license}`);
  // seedrandom has its licence in its readme alone, and of the others only long has a file with theirs.
  const mit = readFileSync(join(findPackage("seedrandom"), "README.md"), "utf-8").split("LICENSE (MIT)")[1] ?? "";
  const apache = readFileSync(join(findPackage("long"), "LICENSE"), "utf-8");
  if (!mit.includes("Permission is hereby granted") || !apache.includes("Apache License")) {
    throw new Error("A licence's text is not where it was. See build-licenses.ts.");
  }
  mkdirSync(join(folder, "licenses"), { recursive: true });
  copyFileSync(join(import.meta.dirname, "..", "..", "LICENSE"), join(folder, "licenses", "edgekit.txt"));
  const heading = `Code of these packages is part of this folder: name and version, holder of the copyright, licence.`;
  const parts = [`${heading}\n\n${list.join("\n")}`, `seedrandom\n\n${mit.replace(/^\s*-+\s*/, "")}`, apache];
  writeFileSync(join(folder, "licenses", "third-party.txt"), `${parts.map((part) => part.trim()).join("\n\n\n")}\n`);
}
