/**
 * Hostile bytes for the readers of src/wire: seeds with flipped bits, foreign lengths, holes and tails. A reader never
 * throws, and what it accepts is written back to bytes that it accepts again as the same.
 */
import assert from "node:assert/strict";
import { addressBytes, type Family } from "../../src/wire/addresses.js";
import { emitArp, parseArp } from "../../src/wire/arp.js";
import { viewOf } from "../../src/wire/bytes.js";
import { checksumWithPseudoHeader, internetChecksum } from "../../src/wire/checksum.js";
import { BROADCAST_MAC, parseFrame } from "../../src/wire/ethernet.js";
import { IP_PROTOCOL, parseIpv4 } from "../../src/wire/ipv4.js";
import { parseIpv6 } from "../../src/wire/ipv6.js";
import { emitNeighbor, parseNeighbor } from "../../src/wire/ndisc.js";
import { type Endpoints, emitAdvert, parseAdvert } from "../../src/wire/vrrp.js";
import { Random } from "../sim/random.js";
import { vrrpVectors } from "../wire/vectors.js";
import { frames, packets } from "./seeds.js";

/** How many cases ended how: `accepted`, or the reader and its reason to drop. */
export type Outcomes = ReadonlyMap<string, number>;

type Reader = (bytes: Uint8Array, random: Random) => string;

/** Bytes that make numbers of lengths, versions and counts interesting. */
const EDGES = [0, 1, 2, 4, 5, 6, 0x20, 0x31, 0x45, 0x60, 0x70, 0x7f, 0x80, 0xfe, 0xff] as const;

const readers: readonly { readonly seeds: readonly Uint8Array[]; readonly read: Reader }[] = [
  { seeds: vrrpVectors.map(({ pdu_hex }) => pdu_hex), read: readAdvert },
  { seeds: frames, read: readArp },
  { seeds: frames, read: readNeighbor },
  { seeds: packets, read: readIp },
];

/** Tries this many cases. Throws on the first that breaks the law, with its bytes; the seed repeats a run exactly. */
export function fuzzCodecs(cases: number, seed: string): Outcomes {
  const random = new Random(seed);
  const outcomes = new Map<string, number>();
  for (let index = 0; index < cases; index += 1) {
    const { seeds, read } = random.pick(readers);
    const bytes = mutate(random.pick(seeds), random);
    try {
      const outcome = read(bytes, random);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    } catch (cause) {
      throw new Error(`${read.name} in case ${index} of seed ${seed}: ${Buffer.from(bytes).toString("hex")}`, {
        cause,
      });
    }
  }
  return outcomes;
}

function mutate(seed: Uint8Array, random: Random): Uint8Array {
  let bytes = Uint8Array.from(seed);
  for (let left = random.whole(0, 4); left > 0 && bytes.length > 0; left -= 1) {
    const at = random.whole(0, bytes.length - 1);
    switch (random.whole(0, 4)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.whole(0, 7));
        break;
      case 1:
        bytes[at] = random.pick(EDGES);
        break;
      case 2:
        bytes = bytes.slice(0, at);
        break;
      case 3:
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + random.whole(0, 4))]);
        break;
      default:
        bytes = Uint8Array.from([...bytes, ...bytes.subarray(at)]).slice(0, 2_000);
        break;
    }
  }
  return bytes;
}

function readAdvert(bytes: Uint8Array, random: Random): string {
  const { family, src: source, dst: destination } = random.pick(vrrpVectors);
  const endpoints = { family, source, destination };
  if (random.chance(0.5)) mendAdvert(bytes, endpoints);
  const parsed = parseAdvert(bytes, { ...endpoints, ttl: random.pick([255, 255, 255, 254]) });
  if (!parsed.ok) return `advert: ${parsed.drop}`;
  const again = parseAdvert(emitAdvert(parsed.advert, endpoints, { checksum: parsed.checksumForm }), {
    ...endpoints,
    ttl: 255,
  });
  assert.ok(again.ok);
  assert.deepEqual(again.advert, parsed.advert);
  return "advert: accepted";
}

function readArp(bytes: Uint8Array): string {
  const parsed = parseArp(bytes);
  if (!parsed.ok) return `arp: ${parsed.drop}`;
  const again = parseArp(emitArp(parsed.arp, BROADCAST_MAC));
  assert.ok(again.ok);
  assert.deepEqual(again.arp, parsed.arp);
  return "arp: accepted";
}

function readNeighbor(bytes: Uint8Array, random: Random): string {
  if (random.chance(0.5)) mendNeighbor(bytes);
  const parsed = parseNeighbor(bytes);
  if (!parsed.ok) return `neighbor: ${parsed.drop}`;
  const again = parseNeighbor(emitNeighbor(parsed.packet));
  assert.ok(again.ok);
  assert.deepEqual(again.packet, parsed.packet);
  return "neighbor: accepted";
}

function readIp(bytes: Uint8Array): string {
  const ipv4 = parseIpv4(bytes);
  const ipv6 = parseIpv6(bytes);
  assert.ok(!(ipv4.ok && ipv6.ok), "a packet has one version");
  for (const parsed of [ipv4, ipv6]) {
    if (parsed.ok) {
      assert.ok(parsed.packet.payload.length < bytes.length);
      return "ip: accepted";
    }
  }
  return "ip: dropped";
}

/** Most changes break the checksum; with one that fits, the checks behind it get their turn. */
function mendAdvert(pdu: Uint8Array, { family, source, destination }: Endpoints & { readonly family: Family }): void {
  if (pdu.length < 8) return;
  viewOf(pdu).setUint16(6, 0);
  const sum =
    family === "ipv4"
      ? internetChecksum(pdu)
      : checksumWithPseudoHeader(addressBytes(source), addressBytes(destination), IP_PROTOCOL.vrrp, pdu);
  viewOf(pdu).setUint16(6, sum);
}

function mendNeighbor(bytes: Uint8Array): void {
  const frame = parseFrame(bytes);
  const ipv6 = frame === null ? null : parseIpv6(frame.payload);
  if (ipv6?.ok !== true || ipv6.packet.payload.length < 4) return;
  const { source, destination, payload } = ipv6.packet;
  viewOf(payload).setUint16(2, 0);
  const sum = checksumWithPseudoHeader(addressBytes(source), addressBytes(destination), IP_PROTOCOL.icmpv6, payload);
  viewOf(payload).setUint16(2, sum);
}
