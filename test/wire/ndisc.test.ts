import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addressBytes, macAddress, virtualMac, type MacAddress } from "../../src/wire/addresses.js";
import { concatBytes } from "../../src/wire/bytes.js";
import { checksumWithPseudoHeader } from "../../src/wire/checksum.js";
import { emitFrame } from "../../src/wire/ethernet.js";
import { emitIpv6 } from "../../src/wire/ipv6.js";
import {
  emitNeighbor,
  neighborProbe,
  parseNeighbor,
  solicitClient,
  unsolicitedAdvertisement,
  type NeighborDrop,
  type NeighborMessage,
  type NeighborPacket,
} from "../../src/wire/ndisc.js";
import { vrid } from "../../src/wire/units.js";
import { anyBytes, ipv6, mac, record } from "./arbitraries.js";
import { fromHex, hex, patched, withBitFlipped } from "./bytes.js";
import { frameVector } from "./vectors.js";

const VIP = "fd77::100";
const own = macAddress("02:00:00:00:00:03");
const virtual = virtualMac("ipv6", vrid(51));
const client = { address: "fd77::1", mac: macAddress("02:00:00:00:00:01") };

function advertisement(linkLayer: MacAddress, router: boolean): NeighborMessage {
  return { kind: "advertisement", router, solicited: false, override: true, target: VIP, linkLayer };
}

const vectors: readonly (readonly [name: string, frame: Uint8Array, message: NeighborMessage])[] = [
  ["na-unsolicited", unsolicitedAdvertisement(VIP, own, "host"), advertisement(own, false)],
  ["na-unsolicited-rfc9568", unsolicitedAdvertisement(VIP, virtual, "router"), advertisement(virtual, true)],
  [
    "ns-client-from-vip",
    solicitClient(client, { address: VIP, mac: own }),
    { kind: "solicitation", target: client.address, linkLayer: own },
  ],
];

for (const [name, frame, message] of vectors) {
  test(`neighbor discovery: ${name}, both ways`, () => {
    assert.equal(hex(frame), hex(frameVector(name)));
    const parsed = parseNeighbor(frameVector(name));
    assert.ok(parsed.ok);
    assert.deepEqual(parsed.packet.message, message);
    assert.equal(parsed.packet.source, VIP);
  });
}

test("neighbor discovery: a probe comes from :: and goes to the solicited-node group", () => {
  const parsed = parseNeighbor(neighborProbe("fd77::12:3456", own));
  assert.deepEqual(parsed, {
    ok: true,
    packet: {
      sourceMac: own,
      destinationMac: "33:33:ff:12:34:56",
      source: "::",
      destination: "ff02::1:ff12:3456",
      message: { kind: "solicitation", target: "fd77::12:3456", linkLayer: null },
    },
  });
});

const unicast = ipv6.filter((text) => text !== "::" && !text.startsWith("ff"));
const linkLayer = fc.option(mac, { nil: null });
const message: fc.Arbitrary<NeighborMessage> = fc.oneof(
  record({ kind: fc.constant("solicitation" as const), target: unicast, linkLayer }),
  record({
    kind: fc.constant("advertisement" as const),
    ...{ router: fc.boolean(), solicited: fc.boolean(), override: fc.boolean() },
    target: unicast,
    linkLayer,
  }),
);
const packet: fc.Arbitrary<NeighborPacket> = record({
  ...{ sourceMac: mac, destinationMac: mac, source: unicast, destination: unicast, message },
});

test("neighbor discovery: round trip, padding ignored", () => {
  fc.assert(
    fc.property(packet, fc.uint8Array({ maxLength: 8 }), (sent, padding) => {
      assert.deepEqual(parseNeighbor(concatBytes(emitNeighbor(sent), padding)), { ok: true, packet: sent });
    }),
    { numRuns: 300 },
  );
});

test("neighbor discovery: one flipped bit in the ICMPv6 message is never taken", () => {
  const sent = frameVector("na-unsolicited");
  const icmpStart = 14 + 40;
  for (let bit = icmpStart * 8; bit < sent.length * 8; bit += 1) {
    assert.deepEqual(parseNeighbor(withBitFlipped(sent, bit)), { ok: false, drop: "checksum" }, `bit ${String(bit)}`);
  }
});

test("neighbor discovery: options of other types and lengths are skipped, the first of ours counts", () => {
  const nonce = "0e01 010203040506";
  const ours = "0201 020000000003";
  const parsed = parseNeighbor(frameWith({ icmp: `${NA} ${nonce} 0202 ${"00".repeat(14)} ${ours} 0201 020000000009` }));
  assert.ok(parsed.ok);
  assert.equal(parsed.packet.message.linkLayer, own);
});

const sound = frameVector("na-unsolicited");
const target = "fd770000000000000000000000000100";
const NA = `88000000 20000000 ${target}`;
const NS = `87000000 00000000 ${target}`;

const drops: readonly (readonly [NeighborDrop, string, Uint8Array])[] = [
  ["truncated", "no whole Ethernet header", sound.subarray(0, 13)],
  ["truncated", "no whole IPv6 header", sound.subarray(0, 53)],
  ["truncated", "less than the payload length", sound.subarray(0, sound.length - 1)],
  ["truncated", "23 bytes of ICMPv6", frameWith({ icmp: NA.slice(0, -2) })],
  ["truncated", "half an option header", frameWith({ icmp: `${NA} 02` })],
  ["truncated", "an option beyond the end", frameWith({ icmp: `${NA} 0202 020000000003` })],
  ["etherType", "ARP", patched(sound, { 12: 0x08, 13: 0x06 })],
  ["version", "4", patched(sound, { 14: 0x45 })],
  ["nextHeader", "hop-by-hop options", patched(sound, { 20: 0 })],
  ["hopLimit", "254", patched(sound, { 21: 254 })],
  ["checksum", "0", patched(sound, { 56: 0, 57: 0 })],
  ["type", "134, a router advertisement", frameWith({ icmp: NA.replace("88", "86") })],
  ["code", "1", frameWith({ icmp: NA.replace("8800", "8801") })],
  ["target", "ff02::1", frameWith({ icmp: NA.replace(target, "ff020000000000000000000000000001") })],
  ["option", "length 0", frameWith({ icmp: `${NA} 0200 020000000003` })],
  ["solicitedMulticast", "to ff02::1", frameWith({ icmp: NA.replace("20000000", "60000000") })],
  ["unspecifiedSource", "a solicitation to a host", frameWith({ source: "::", destination: VIP, icmp: NS })],
  [
    "unspecifiedSource",
    "a solicitation that tells a link-layer address",
    frameWith({ source: "::", destination: "ff02::1:ff00:100", icmp: `${NS} 0101 020000000003` }),
  ],
];

for (const [drop, name, frame] of drops) {
  test(`neighbor message dropped as ${drop}: ${name}`, () => {
    assert.deepEqual(parseNeighbor(frame), { ok: false, drop });
  });
}

test("neighbor discovery: whatever the bytes, no exception", () => {
  const start = fc.constantFrom("", hex(sound.subarray(0, 14)), hex(sound.subarray(0, 54)), hex(sound.subarray(0, 78)));
  fc.assert(
    fc.property(start, anyBytes, (first, rest) => {
      parseNeighbor(concatBytes(fromHex(first), rest));
    }),
    { numRuns: 1000 },
  );
  // Bytes behind a right checksum get further in.
  fc.assert(
    fc.property(fc.constantFrom(NA, NS, ""), anyBytes, (first, rest) => {
      parseNeighbor(frameWith({ icmp: first + hex(rest) }));
    }),
    { numRuns: 1000 },
  );
});

/** A frame with a right checksum around any ICMPv6 message. */
function frameWith({
  source = VIP,
  destination = "ff02::1",
  icmp,
}: {
  source?: string;
  destination?: string;
  icmp: string;
}) {
  const bytes = fromHex(icmp);
  const sum = checksumWithPseudoHeader(
    addressBytes(source),
    addressBytes(destination),
    58,
    patched(bytes, checksumField(0)),
  );
  const payload = bytes.length < 4 ? bytes : patched(bytes, checksumField(sum));
  const ipv6Packet = emitIpv6({ source, destination, nextHeader: 58, hopLimit: 255, payload });
  return emitFrame({
    destination: macAddress("33:33:00:00:00:01"),
    source: own,
    etherType: 0x86dd,
    payload: ipv6Packet,
  });
}

function checksumField(sum: number): Readonly<Record<number, number>> {
  return { 2: sum >>> 8, 3: sum & 0xff };
}
