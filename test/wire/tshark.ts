/** Has Wireshark's decoder read packets: an opinion that does not come from this code. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Link types of the pcap format: whole Ethernet frames, or packets that start with the IP header. */
const LINK_TYPE = { ethernet: 1, ip: 101 } as const;

/** For each packet the values of the fields, in their order; a field that occurs more than once has its values joined by commas. */
export function decode(
  link: keyof typeof LINK_TYPE,
  packets: readonly Uint8Array[],
  fields: readonly string[],
): readonly (readonly string[])[] {
  const directory = mkdtempSync(join(tmpdir(), "pgvip-tshark-"));
  try {
    const file = join(directory, "packets.pcap");
    writeFileSync(file, pcap(LINK_TYPE[link], packets));
    return decodeFile(file, fields);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The same for a recording, of which a display filter may choose some packets. */
export function decodeFile(file: string, fields: readonly string[], filter?: string): readonly (readonly string[])[] {
  // Checksums are not verified unless asked for.
  const preferences = ["-o", "ip.check_checksum:TRUE", "-o", "vrrp.v3_checksum_as_in_v2:FALSE"];
  const columns = fields.flatMap((field) => ["-e", field]);
  const chosen = filter === undefined ? [] : ["-Y", filter];
  return run(["-n", "-r", file, ...chosen, ...preferences, "-T", "fields", ...columns])
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split("\t"));
}

function run(options: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync("tshark", options, { encoding: "utf8" });
  if (error !== undefined) {
    throw new Error(`tshark did not start: install it (Debian, Ubuntu: apt-get install tshark)`, { cause: error });
  }
  if (status !== 0) throw new Error(`tshark ended with ${String(status)}: ${stderr}`);
  return stdout;
}

/** The classic pcap format, in big-endian order: a file header, then each packet behind its own. All at time 0. */
function pcap(linkType: number, packets: readonly Uint8Array[]): Buffer {
  const header = words(0xa1b2c3d4, (2 << 16) | 4, 0, 0, 0xffff, linkType);
  return Buffer.concat([header, ...packets.flatMap((packet) => [words(0, 0, packet.length, packet.length), packet])]);
}

function words(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) buffer.writeUInt32BE(value, index * 4);
  return buffer;
}
