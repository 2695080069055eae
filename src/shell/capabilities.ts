/** What this process may do, read from the kernel before the first call can fail halfway. */
import { readFileSync } from "node:fs";
import { PgvipError } from "../errors.js";

/** Bit numbers of capabilities(7). */
const NEEDED = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13 } as const;

/** The needed capabilities that are not in the effective set. */
export function missingCapabilities(status = readFileSync("/proc/self/status", "utf8")): readonly string[] {
  const hex = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (hex === undefined) return [];
  const effective = BigInt(`0x${hex}`);
  return Object.entries(NEEDED)
    .filter(([, bit]) => ((effective >> BigInt(bit)) & 1n) === 0n)
    .map(([name]) => name);
}

/** Throws a PgvipError (PERMISSION) that names what is missing. */
export function requireCapabilities(command: string): void {
  const missing = missingCapabilities();
  if (missing.length === 0) return;
  throw new PgvipError(
    "PERMISSION",
    `${command} needs ${missing.join(" and ")}: run it as root or give it these capabilities`,
  );
}
