/** ICMP for diagnostics: echoes as ping sends them, and what hosts send back about packets they do not take. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { emitEchoRequest, parseEchoReply, parseUnreachable } from "../../src/wire/icmp.js";
import { internetChecksum } from "../../src/wire/checksum.js";
import { fromHex } from "./bytes.js";

const echo = { identifier: 0x1234, sequence: 0xfffe };

describe("an echo request", () => {
  it("has type, identifier, sequence and a checksum that adds up", () => {
    const message = emitEchoRequest(echo, "ipv4");
    assert.equal(message.length, 64);
    assert.deepEqual([...message.subarray(0, 2), ...message.subarray(4, 8)], [8, 0, 0x12, 0x34, 0xff, 0xfe]);
    assert.equal(internetChecksum(message), 0);
  });

  it("leaves the checksum of IPv6 to the kernel", () => {
    assert.deepEqual([...emitEchoRequest(echo, "ipv6").subarray(0, 8)], [128, 0, 0, 0, 0x12, 0x34, 0xff, 0xfe]);
  });
});

describe("an echo reply", () => {
  it("comes back with identifier and sequence", () => {
    for (const [family, type] of [
      ["ipv4", 0],
      ["ipv6", 129],
    ] as const) {
      const reply = emitEchoRequest(echo, family);
      reply[0] = type;
      assert.deepEqual(parseEchoReply(reply, family), echo);
    }
  });

  it("is nothing else, and not cut off", () => {
    assert.equal(parseEchoReply(emitEchoRequest(echo, "ipv4"), "ipv4"), null);
    assert.equal(parseEchoReply(Uint8Array.of(0, 0, 0, 0, 1), "ipv4"), null);
    assert.equal(parseEchoReply(new Uint8Array(0), "ipv6"), null);
  });
});

describe("destination unreachable", () => {
  // Captured: a Linux host without a listener for protocol 112 answers a packet from 10.186.157.60.
  const captured = fromHex("0302fcfd00000000 4500001c1b2f40004070f1b90aba9d3c0aba9dd8 3f0000000000c0ff");

  it("tells code, destination and protocol of the packet", () => {
    assert.deepEqual(parseUnreachable(captured), { code: 2, destination: "10.186.157.216", protocol: 112 });
  });

  it("is read only when enough of the packet is in it", () => {
    for (let length = 0; length < 28; length += 1) assert.equal(parseUnreachable(captured.subarray(0, length)), null);
    const other = captured.slice();
    other[0] = 11;
    assert.equal(parseUnreachable(other), null);
  });
});
