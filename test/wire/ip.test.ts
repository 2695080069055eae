/** Ethernet, IPv4 and IPv6 headers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { emitFrame, parseFrame } from "../../src/wire/ethernet.js";
import { emitIpv4, IP_PROTOCOL, parseIpv4, type Ipv4Drop } from "../../src/wire/ipv4.js";
import { emitIpv6, parseIpv6, type Ipv6Drop } from "../../src/wire/ipv6.js";
import { concatBytes } from "../../src/wire/bytes.js";
import { anyBytes, ipv4, ipv6, mac, record } from "./arbitraries.js";
import { fromHex, hex, patched } from "./bytes.js";
import { frameNames, frameVector, vrrpVectors } from "./vectors.js";

const octet = fc.nat({ max: 255 });
const padding = fc.uint8Array({ maxLength: 46 });

test("Ethernet: every frame both ways", () => {
  for (const name of frameNames) {
    const frame = parseFrame(frameVector(name));
    assert.ok(frame, name);
    assert.equal(hex(emitFrame(frame)), hex(frameVector(name)), name);
  }
  fc.assert(
    fc.property(mac, mac, fc.nat({ max: 0xffff }), anyBytes, (destination, source, etherType, payload) => {
      const frame = { destination, source, etherType, payload };
      assert.deepEqual(parseFrame(emitFrame(frame)), frame);
    }),
  );
});

test("Ethernet: less than a header is no frame", () => {
  assert.equal(parseFrame(new Uint8Array(13)), null);
  assert.equal(parseFrame(new Uint8Array(14))?.payload.length, 0);
});

test("IP: the packets around every VRRP vector, both ways", () => {
  for (const { name, family, src, dst, decoded, pdu_hex: payload, ip_packet_hex: bytes } of vrrpVectors) {
    if (family === "ipv4") {
      const ttl = decoded.ttl;
      const packet = { source: src, destination: dst, protocol: IP_PROTOCOL.vrrp, ttl, trafficClass: 0xc0, payload };
      assert.deepEqual(parseIpv4(bytes), { ok: true, packet }, name);
      assert.equal(hex(emitIpv4(packet)), hex(bytes), name);
    } else {
      const packet = { source: src, destination: dst, nextHeader: IP_PROTOCOL.vrrp, hopLimit: decoded.ttl, payload };
      assert.deepEqual(parseIpv6(bytes), { ok: true, packet }, name);
      assert.equal(hex(emitIpv6(packet)), hex(bytes), name);
    }
  }
});

test("IPv4: the packet in the frame of the bare TCP ACK, both ways", () => {
  const frame = parseFrame(frameVector("tcp-tickle-ack"));
  assert.ok(frame);
  const parsed = parseIpv4(frame.payload);
  assert.ok(parsed.ok);
  const { source, destination, protocol, ttl } = parsed.packet;
  const expected = { source: "10.77.0.100", destination: "10.77.0.1", protocol: IP_PROTOCOL.tcp, ttl: 64 };
  assert.deepEqual({ source, destination, protocol, ttl }, expected);
  assert.equal(hex(emitIpv4(parsed.packet)), hex(frame.payload));
});

test("IP: round trip, padding behind the packet left out", () => {
  const ipv4Packet = record({
    ...{ source: ipv4, destination: ipv4, protocol: octet, ttl: octet, trafficClass: octet, payload: anyBytes },
  });
  fc.assert(
    fc.property(ipv4Packet, padding, (packet, behind) => {
      assert.deepEqual(parseIpv4(concatBytes(emitIpv4(packet), behind)), { ok: true, packet });
    }),
  );
  const ipv6Packet = record({
    source: ipv6,
    destination: ipv6,
    nextHeader: octet,
    hopLimit: octet,
    payload: anyBytes,
  });
  fc.assert(
    fc.property(ipv6Packet, padding, (packet, behind) => {
      assert.deepEqual(parseIpv6(concatBytes(emitIpv6(packet), behind)), { ok: true, packet });
    }),
  );
});

test("IPv4: options are skipped", () => {
  // Router Alert (RFC 2113) in a header of 24 bytes.
  const parsed = parseIpv4(fromHex("46c0 001c 0000 0000 ff70 3b4c 0a4d0002 e0000012 94040000 31330000"));
  assert.ok(parsed.ok);
  assert.equal(hex(parsed.packet.payload), "31330000");
});

const sound4 = fromHex("45c0 0020 0000 0000 ff70 d04c 0a4d0002 e0000012 3133c801 006410d8 0a4d0064");
const drops4: readonly (readonly [Ipv4Drop, string, Uint8Array])[] = [
  ["truncated", "no whole header", sound4.subarray(0, 19)],
  ["truncated", "less than the total length", sound4.subarray(0, 31)],
  ["version", "version 6", patched(sound4, { 0: 0x65 })],
  ["length", "header of 16 bytes", patched(sound4, { 0: 0x44 })],
  ["length", "total length below the header's", patched(sound4, { 3: 19 })],
  ["checksum", "one bit more", patched(sound4, { 8: 0xfe })],
  ["fragment", "More Fragments", patched(sound4, { 6: 0x20, 10: 0xb0 })],
  ["fragment", "Fragment Offset 1", patched(sound4, { 7: 0x01, 11: 0x4b })],
];

for (const [drop, name, bytes] of drops4) {
  test(`IPv4 dropped as ${drop}: ${name}`, () => {
    assert.deepEqual(parseIpv4(bytes), { ok: false, drop });
  });
}

test("IPv4: Don't Fragment is no fragment", () => {
  assert.equal(parseIpv4(patched(sound4, { 6: 0x40, 10: 0x90 })).ok, true);
});

const sound6 = emitIpv6({
  source: "fe80::1",
  destination: "ff02::12",
  nextHeader: 112,
  hopLimit: 255,
  payload: new Uint8Array(8),
});
const drops6: readonly (readonly [Ipv6Drop, string, Uint8Array])[] = [
  ["truncated", "no whole header", sound6.subarray(0, 39)],
  ["truncated", "less than the payload length", sound6.subarray(0, 47)],
  ["version", "version 4", patched(sound6, { 0: 0x45 })],
];

for (const [drop, name, bytes] of drops6) {
  test(`IPv6 dropped as ${drop}: ${name}`, () => {
    assert.deepEqual(parseIpv6(bytes), { ok: false, drop });
  });
}

test("IP: whatever the bytes, no exception", () => {
  const start = fc.constantFrom("45000014", "46", "4f", "60000000", "");
  fc.assert(
    fc.property(start, anyBytes, (first, rest) => {
      const bytes = concatBytes(fromHex(first), rest);
      parseFrame(bytes);
      parseIpv4(bytes);
      parseIpv6(bytes);
    }),
    { numRuns: 1000 },
  );
});

test("IP: a payload that does not fit is a programmer's mistake", () => {
  const payload = new Uint8Array(0x10000);
  const ends4 = { source: "10.0.0.1", destination: "10.0.0.2" };
  assert.throws(() => emitIpv4({ ...ends4, protocol: 112, ttl: 255, trafficClass: 0, payload }), RangeError);
  const ends6 = { source: "fe80::1", destination: "fe80::2" };
  assert.throws(() => emitIpv6({ ...ends6, nextHeader: 112, hopLimit: 255, payload }), RangeError);
});
