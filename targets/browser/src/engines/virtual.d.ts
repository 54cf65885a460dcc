// Made by build-kernels.ts.
declare module "virtual:kernels/*" {
  import type { KernelConfig } from "@tensorflow/tfjs-core";

  export const kernels: readonly KernelConfig[];
}
