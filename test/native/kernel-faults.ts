/** Faults of the kernel itself, from a library that is preloaded into the process under test. */
import { preload } from "../../lab/preload.js";

const source = new URL("kernel_faults.cc", import.meta.url);

export type KernelFault = "dump interrupted" | "dump failed" | "destruction refused";

/** Compiles the library into a directory. */
export async function buildKernelFaults(directory: string): Promise<(fault: KernelFault) => Record<string, string>> {
  const preloaded = await preload(source, directory);
  return (fault) => ({ ...preloaded, PGVIP_KERNEL_FAULT: fault });
}
