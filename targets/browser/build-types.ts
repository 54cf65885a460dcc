// The types of what other people import: declarations of the public modules, and of none behind them.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

const IMPORT = /(from\s+["'])(\.{1,2}\/[^"']+)\.ts(["'])/g;

/**
 * Writes the declarations of modules and of all modules that they import.
 *
 * @param entries - modules below `src`, without their ending; tsconfig.types.json has them, too.
 * @param folder - gets them, in folders as below `src`.
 */
export function writeTypes(entries: readonly string[], folder: string): void {
  const all = mkdtempSync(join(tmpdir(), "edgekit-types-"));
  try {
    const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
    const project = join(import.meta.dirname, "tsconfig.types.json");
    execFileSync(process.execPath, [compiler, "--project", project, "--outDir", all], { stdio: "inherit" });
    const found = new Set(entries.map((entry) => join(all, `${entry}.d.ts`)));
    for (const file of found) {
      const text = readFileSync(file, "utf-8");
      for (const [, , path] of text.matchAll(IMPORT)) found.add(join(dirname(file), `${path}.d.ts`));
      const target = join(folder, relative(all, file));
      mkdirSync(dirname(target), { recursive: true });
      // Addresses that compilers of any age resolve.
      writeFileSync(target, text.replace(IMPORT, "$1$2.js$3"));
    }
  } finally {
    rmSync(all, { recursive: true, force: true });
  }
}
