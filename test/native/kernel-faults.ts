/** Faults of the kernel itself, from a library that is preloaded into the process under test. */
import { fileURLToPath } from "node:url";
import { compile } from "../../lab/compile.js";

const source = fileURLToPath(new URL("kernel_faults.cc", import.meta.url));

export type KernelFault = "dump interrupted" | "dump failed" | "destruction refused";

/** Compiles the library into a directory. */
export async function buildKernelFaults(directory: string): Promise<(fault: KernelFault) => Record<string, string>> {
  const library = `${directory}/kernel-faults.so`;
  await compile(library, [source], ["-O1", "-fPIC", "-shared"]);
  // Whatever is preloaded, a sanitizer's own library has to come before it (tools/sanitize.mjs).
  const first = process.env["SANITIZER_LIBRARY"];
  const preload = first === undefined ? library : `${first}:${library}`;
  return (fault) => ({ LD_PRELOAD: preload, PGVIP_KERNEL_FAULT: fault });
}
