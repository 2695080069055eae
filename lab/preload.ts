/** Libraries that are loaded into a process before all others, for what no test could wait for. */
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "./compile.js";

/** Compiles this source file into a library in the directory; returns the environment that preloads it. */
export async function preload(source: URL, directory: string): Promise<{ readonly LD_PRELOAD: string }> {
  const path = fileURLToPath(source);
  const library = join(directory, `${basename(path, ".cc")}.so`);
  await compile(library, [path], ["-O1", "-fPIC", "-shared"]);
  // Whatever is preloaded, a sanitizer's own library has to come before it (tools/sanitize.mjs).
  const first = process.env["SANITIZER_LIBRARY"];
  return { LD_PRELOAD: first === undefined ? library : `${first}:${library}` };
}
