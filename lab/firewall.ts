/** Rules of a host's own packet filter, which go with its namespace. */
import type { Host } from "./host.js";

/** Carries out commands of nft(8), one after the other; returns what the last one said. */
export async function nft(host: Host, ...commands: readonly string[]): Promise<string> {
  let said = "";
  for (const command of commands) {
    const { code, stdout, stderr } = await host.exec("nft", [command]);
    if (code !== 0) throw new Error(`nft ${command}: ${stderr}`);
    said = stdout;
  }
  return said;
}

/** How a host refuses what its own programs send. */
export interface Refusal {
  /** `inet` answers EPERM to whoever sends an IP packet, `netdev` ENOBUFS to whoever sends a frame. */
  readonly family: "inet" | "netdev";
  /** What nft(8) calls a match: `ether type arp`. */
  readonly matches: readonly string[];
}

const HOOKS = { inet: "output", netdev: "egress device eth0" } as const;

/** Returns how to lift it. */
export async function refuse(host: Host, { family, matches }: Refusal): Promise<() => Promise<void>> {
  const table = `${family} refusal`;
  await nft(
    host,
    `add table ${table}`,
    `add chain ${table} out { type filter hook ${HOOKS[family]} priority 0; }`,
    ...matches.map((match) => `add rule ${table} out ${match} drop`),
  );
  return async () => {
    await nft(host, `delete table ${table}`);
  };
}
