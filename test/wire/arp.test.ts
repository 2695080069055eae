import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { macAddress, virtualMac } from "../../src/wire/addresses.js";
import {
  arpProbe,
  classifyArp,
  emitArp,
  gratuitousReply,
  gratuitousRequest,
  parseArp,
  whoHasClient,
  type ArpDrop,
  type ArpMeaning,
  type ArpPacket,
} from "../../src/wire/arp.js";
import { concatBytes } from "../../src/wire/bytes.js";
import { vrid } from "../../src/wire/units.js";
import { anyBytes, ipv4, mac, record } from "./arbitraries.js";
import { fromHex, hex, patched } from "./bytes.js";
import { frameVector } from "./vectors.js";

const VIP = "10.77.0.100";
const own = macAddress("02:00:00:00:00:03");
const virtual = virtualMac("ipv4", vrid(51));
const client = { address: "10.77.0.1", mac: macAddress("02:00:00:00:00:01") };

const vectors: readonly (readonly [name: string, frame: Uint8Array, meaning: ArpMeaning])[] = [
  ["garp-request", gratuitousRequest(VIP, own), { kind: "announcement", address: VIP, mac: own }],
  ["garp-reply", gratuitousReply(VIP, own), { kind: "announcement", address: VIP, mac: own }],
  ["garp-request-virtual-mac", gratuitousRequest(VIP, virtual), { kind: "announcement", address: VIP, mac: virtual }],
  ["arp-probe", arpProbe(VIP, own), { kind: "probe", mac: own, target: VIP }],
  [
    "arp-who-has-client-from-vip",
    whoHasClient(client, { address: VIP, mac: own }),
    { kind: "question", address: VIP, mac: own, target: client.address },
  ],
];

for (const [name, frame, meaning] of vectors) {
  test(`ARP: ${name}, both ways`, () => {
    assert.equal(hex(frame), hex(frameVector(name)));
    const parsed = parseArp(frameVector(name));
    assert.ok(parsed.ok);
    assert.deepEqual(classifyArp(parsed.arp), meaning);
  });
}

test("ARP: meanings that others' packets have", () => {
  const question: ArpPacket = {
    operation: "request",
    senderMac: client.mac,
    senderAddress: client.address,
    targetMac: macAddress("00:00:00:00:00:00"),
    targetAddress: VIP,
  };
  const answer: ArpPacket = { ...question, operation: "reply", senderAddress: VIP, targetAddress: client.address };
  const table: readonly (readonly [ArpPacket, ArpMeaning])[] = [
    [question, { kind: "question", address: client.address, mac: client.mac, target: VIP }],
    [answer, { kind: "answer", address: VIP, mac: client.mac }],
    // keepalived puts the broadcast address into the target MAC of its announcements.
    [
      { ...question, senderAddress: VIP, targetMac: macAddress("ff:ff:ff:ff:ff:ff") },
      { kind: "announcement", address: VIP, mac: client.mac },
    ],
    // A reply about 0.0.0.0 is no probe: probes are requests.
    [
      { ...answer, senderAddress: "0.0.0.0" },
      { kind: "answer", address: "0.0.0.0", mac: client.mac },
    ],
    [
      { ...question, senderAddress: "0.0.0.0", targetAddress: "0.0.0.0" },
      { kind: "probe", mac: client.mac, target: "0.0.0.0" },
    ],
  ];
  for (const [packet, meaning] of table) assert.deepEqual(classifyArp(packet), meaning);
});

const arpPacket: fc.Arbitrary<ArpPacket> = record({
  operation: fc.constantFrom("request", "reply"),
  senderMac: mac,
  senderAddress: ipv4,
  targetMac: mac,
  targetAddress: ipv4,
});

test("ARP: round trip, padding ignored", () => {
  fc.assert(
    fc.property(arpPacket, mac, fc.uint8Array({ maxLength: 18 }), (arp, destination, padding) => {
      assert.deepEqual(parseArp(concatBytes(emitArp(arp, destination), padding)), { ok: true, arp });
    }),
  );
});

const sound = frameVector("garp-request");
const drops: readonly (readonly [ArpDrop, string, Uint8Array])[] = [
  ["truncated", "no whole Ethernet header", sound.subarray(0, 13)],
  ["truncated", "one byte short", sound.subarray(0, 41)],
  ["etherType", "IPv4", patched(sound, { 13: 0x00 })],
  ["addressing", "hardware type 6 (IEEE 802)", patched(sound, { 15: 6 })],
  ["addressing", "protocol type IPv6", patched(sound, { 16: 0x86, 17: 0xdd })],
  ["addressing", "hardware addresses of 8 bytes", patched(sound, { 18: 8 })],
  ["addressing", "protocol addresses of 16 bytes", patched(sound, { 19: 16 })],
  ["operation", "0", patched(sound, { 21: 0 })],
  ["operation", "3, a RARP request", patched(sound, { 21: 3 })],
  ["operation", "257, not 1", patched(sound, { 20: 1 })],
];

for (const [drop, name, frame] of drops) {
  test(`ARP dropped as ${drop}: ${name}`, () => {
    assert.deepEqual(parseArp(frame), { ok: false, drop });
  });
}

test("ARP: whatever the bytes, no exception", () => {
  const start = fc.constantFrom("", hex(sound.subarray(0, 14)), hex(sound.subarray(0, 22)));
  fc.assert(
    fc.property(start, anyBytes, (first, rest) => {
      const parsed = parseArp(concatBytes(fromHex(first), rest));
      if (parsed.ok) classifyArp(parsed.arp);
    }),
    { numRuns: 1000 },
  );
});

test("ARP: an IPv6 address is a programmer's mistake", () => {
  assert.throws(() => gratuitousRequest("fd77::100", own), RangeError);
});
