// The tests that need no browser. tests/runner.test.ts is for Node's own test runner: it starts the built runner.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/{core,library,page}/**/*.test.ts"],
    environment: "node",
    // One process for all files: starting another takes longer than they do.
    pool: "threads",
    isolate: false,
  },
});
