/** Signed adverts on the wire, against the images of the draft and Node's own HMAC. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { parseTrailer, signedPart, TRAILER_LENGTH, unsignedTrailer } from "../../src/wire/advert-trailer.js";
import { concatBytes } from "../../src/wire/bytes.js";
import { emitAdvert, parseAdvert } from "../../src/wire/vrrp.js";
import { bytesOf, sentAdvert } from "./arbitraries.js";
import { hex, patched } from "./bytes.js";
import { signedVectors } from "./vectors.js";

for (const { name, family, source, destination, key, pdu, trailer } of signedVectors) {
  const whole = concatBytes(pdu, trailer);
  test(`signed advert of the draft over ${name}: read, and signed the same`, () => {
    const parsed = parseAdvert(whole, { family, source, destination, ttl: 255 });
    assert.ok(parsed.ok);
    const { keyId, seconds, sequence, hmac } = parsed.trailer ?? assert.fail("no trailer");
    assert.deepEqual([keyId, seconds, sequence], [1, 0x68000000, 0x6800000080000000n]);
    const digest = createHmac("sha256", key).update(signedPart(whole, { family, source })).digest().subarray(0, 16);
    assert.equal(hex(hmac), hex(digest));
  });

  test(`signed advert of the draft over ${name}: what is signed, and what is not`, () => {
    const signed = hex(signedPart(whole, { family, source }));
    const checksum = patched(whole, { 6: 0x12, 7: 0x34 });
    assert.equal(hex(signedPart(checksum, { family, source })), signed);
    // The HMAC itself is the end, and does not count either.
    for (let offset = 0; offset < whole.length - 16; offset += 1) {
      if (offset === 6 || offset === 7) continue;
      const changed = patched(whole, { [offset]: (whole[offset] ?? 0) ^ 0x10 });
      assert.notEqual(hex(signedPart(changed, { family, source })), signed, `byte ${String(offset)}`);
    }
    const other = family === "ipv4" ? "198.51.100.11" : "fe80::11";
    assert.notEqual(hex(signedPart(whole, { family, source: other })), signed);
  });
}

test("any advert with any trailer comes back with it", () => {
  fc.assert(
    fc.property(sentAdvert, fc.integer({ min: 0, max: 255 }), bytesOf(24), ({ advert, ...ends }, keyId, rest) => {
      const trailer = concatBytes(unsignedTrailer(keyId).subarray(0, 4), rest);
      const pdu = emitAdvert(advert, ends, { checksum: "pseudoHeader", trailer });
      const parsed = parseAdvert(pdu, { ...ends, family: advert.family, ttl: 255 });
      assert.deepEqual(parsed.ok && [parsed.advert, parsed.trailer], [advert, parseTrailer(trailer)]);
    }),
  );
});

test("a trailer of another scheme or length is none", () => {
  const trailer = unsignedTrailer(7);
  assert.equal(trailer.length, TRAILER_LENGTH);
  assert.equal(parseTrailer(trailer)?.keyId, 7);
  for (const bad of [patched(trailer, { 0: 0 }), patched(trailer, { 2: 1 }), trailer.subarray(1), new Uint8Array()]) {
    assert.equal(parseTrailer(bad), null);
  }
});
