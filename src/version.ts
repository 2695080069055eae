/** The version of this package, for `--version` and the status document. */
import { readFileSync } from "node:fs";

const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

export const VERSION = versionOf(manifest);

function versionOf(value: unknown): string {
  const hasVersion = typeof value === "object" && value !== null && "version" in value;
  return hasVersion && typeof value.version === "string" ? value.version : "unknown";
}
