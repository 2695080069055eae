/** Where fuzzing starts from: the packets of test/wire/vectors, and netlink messages recorded from a kernel. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { fromHex } from "../wire/bytes.js";
import { frameNames, frameVector, vrrpVectors } from "../wire/vectors.js";

/**
 * Recorded on Linux 6.18 in a fresh network namespace: notifications while addresses and links come and go, dumps of
 * addresses, links and TCP sockets, and an answer that refuses.
 */
const Recorded = v.array(v.object({ name: v.string(), hex: v.pipe(v.string(), v.transform(fromHex)) }));

const netlink = v.parse(Recorded, JSON.parse(readFileSync(new URL("netlink.json", import.meta.url), "utf8")));

/** IP packets with VRRP in them, valid ones and others. */
export const packets: readonly Uint8Array[] = vrrpVectors.map(({ ip_packet_hex }) => ip_packet_hex);

/** Ethernet frames with ARP or neighbor discovery. */
export const frames: readonly Uint8Array[] = frameNames.map(frameVector);

/** Answers of Patroni to a health check, cut down to what is compared. */
const answers: readonly string[] = [
  'HTTP/1.0 200 OK\r\nDate: now\r\n\r\n{"role": "primary", "xlog": {"location": 1}, "timeline": 1}',
  'HTTP/1.0 503 x\r\n\r\n{"xlog": {"paused": false, "at": "}\\""}, "latest_end_lsn": 2}',
];

/** Writes the corpus of fuzz_parse.cc: a byte that chooses the reader, then what it reads. */
export function writeSeeds(directory: string): void {
  mkdirSync(directory, { recursive: true });
  const inputs = [
    ...packets.map((packet) => ({ reader: 0, bytes: packet })),
    ...netlink.flatMap(({ hex }) => [1, 2, 3].map((reader) => ({ reader, bytes: hex }))),
    ...["10.9.0.100", "fd09::100", "::ffff:10.9.0.1"].map((text) => ({ reader: 4, bytes: Buffer.from(text) })),
    ...answers.map((text) => ({ reader: 5, bytes: Buffer.from(text) })),
  ];
  for (const [index, { reader, bytes }] of inputs.entries()) {
    writeFileSync(join(directory, `seed-${index}`), Buffer.concat([Uint8Array.of(reader), bytes]));
  }
}
