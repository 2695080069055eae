import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes } from "../../src/wire/bytes.js";
import { checksumWithPseudoHeader, internetChecksum } from "../../src/wire/checksum.js";
import { anyBytes, bytesOf } from "./arbitraries.js";
import { fromHex } from "./bytes.js";

const table: readonly (readonly [name: string, bytes: Uint8Array, checksum: number])[] = [
  ["the example of RFC 1071 section 3", fromHex("0001 f203 f4f5 f6f7"), 0x220d],
  ["nothing", new Uint8Array(), 0xffff],
  ["an odd byte is the high half of a word", fromHex("ab"), 0x54ff],
  ["an odd byte behind a word", fromHex("0102 03"), 0xfbfd],
  ["carries fold more than once", new Uint8Array(0x40000).fill(0xff), 0],
  ["the header of RFC 791's packets", fromHex("45c0 0020 0000 0000 ff70 0000 0a4d 0002 e000 0012"), 0xd04c],
];

for (const [name, bytes, checksum] of table) {
  test(`checksum: ${name}`, () => {
    assert.equal(internetChecksum(bytes), checksum);
  });
}

test("checksum: the bytes may start anywhere in their buffer", () => {
  const buffer = fromHex("ff 0001 f203 f4f5 f6f7 ff");
  assert.equal(internetChecksum(buffer.subarray(1, 9)), 0x220d);
});

test("checksum: data behind its own checksum sums up to zero", () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const sum = internetChecksum(bytes);
      assert.equal(internetChecksum(concatBytes(Uint8Array.of(sum >>> 8, sum), bytes)), 0);
    }),
    { numRuns: 300 },
  );
});

/** Lengths that need both octets of the length's field, too. */
const payloads = fc.uint8Array({ maxLength: 1000, size: "max" });

test("checksum: a pseudo-header is as good as its bytes in front, for both families", () => {
  fc.assert(
    fc.property(bytesOf(4), bytesOf(4), payloads, (source, destination, payload) => {
      const length = Uint8Array.of(payload.length >>> 8, payload.length);
      const whole = concatBytes(source, destination, Uint8Array.of(0, 112), length, payload);
      assert.equal(checksumWithPseudoHeader(source, destination, 112, payload), internetChecksum(whole));
    }),
  );
  fc.assert(
    fc.property(bytesOf(16), bytesOf(16), payloads, (source, destination, payload) => {
      const length = Uint8Array.of(0, 0, payload.length >>> 8, payload.length);
      const whole = concatBytes(source, destination, length, Uint8Array.of(0, 0, 0, 58), payload);
      assert.equal(checksumWithPseudoHeader(source, destination, 58, payload), internetChecksum(whole));
    }),
  );
});
