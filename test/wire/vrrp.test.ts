import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addressBytes } from "../../src/wire/addresses.js";
import { unsignedTrailer } from "../../src/wire/advert-trailer.js";
import { concatBytes } from "../../src/wire/bytes.js";
import { internetChecksum } from "../../src/wire/checksum.js";
import { centis, priority, seconds, vrid } from "../../src/wire/units.js";
import {
  emitAdvert,
  parseAdvert,
  passwordBytes,
  type Advert,
  type AdvertV2,
  type AdvertV3,
  type ChecksumForm,
  type DropReason,
  type Endpoints,
  type Received,
} from "../../src/wire/vrrp.js";
import { anyBytes, checksumForm, sentAdvert, sentV3OverIpv4, sentV3OverIpv6 } from "./arbitraries.js";
import { fromHex, hex, patched, withBitFlipped } from "./bytes.js";
import { vrrpVectors, type VrrpVector } from "./vectors.js";

const v4: Received = { family: "ipv4", source: "10.77.0.2", destination: "224.0.0.18", ttl: 255 };
const v6: Received = { family: "ipv6", source: "fe80::ff:fe00:2", destination: "ff02::12", ttl: 255 };

const expectedDrops: Readonly<Record<string, DropReason>> = {
  "bad-checksum": "checksum",
  "bad-ttl-254": "ttl",
  "bad-interval-0": "interval",
  "bad-count-0": "addressCount",
  "bad-truncated": "truncated",
  "bad-type-2": "type",
};

/** Only a configured version makes this one invalid. */
const FOREIGN_VERSION = "bad-ver2-on-v3";

for (const vector of vrrpVectors.filter(({ name }) => name !== FOREIGN_VERSION)) {
  const drop = expectedDrops[vector.name];
  const received: Received = {
    family: vector.family,
    source: vector.src,
    destination: vector.dst,
    ttl: vector.decoded.ttl,
  };
  if (drop !== undefined) {
    test(`advert: ${vector.name} is dropped as ${drop}`, () => {
      assert.equal(vector.valid, false);
      assert.deepEqual(parseAdvert(vector.pdu_hex, received), { ok: false, drop });
    });
    continue;
  }
  test(`advert: ${vector.name}, both ways`, () => {
    assert.equal(vector.valid, true);
    const { advert, form } = expectedAdvert(vector);
    assert.deepEqual(parseAdvert(vector.pdu_hex, received), { ok: true, advert, checksumForm: form, trailer: null });
    // Reserved bits are sent as zero, so this one comes out as another vector.
    const emitted = vector.decoded.reserved === 0 ? hex(vector.pdu_hex) : "3133c801006410d80a4d0064";
    assert.equal(hex(emitAdvert(advert, received, { checksum: form })), emitted);
  });
}

test("adverts: VRRPv2 is parsed as such; whether we speak it is for the caller to say", () => {
  const [vector] = vrrpVectors.filter(({ name }) => name === FOREIGN_VERSION);
  assert.ok(vector && !vector.valid);
  const parsed = parseAdvert(vector.pdu_hex, v4);
  assert.equal(parsed.ok && parsed.advert.kind, "v2");
});

const v3 = fromHex("3133c801 0064fbb5 0a4d0064");
const v2 = fromHex("21339601 0101cf9a 0a4d0064 7365637265743132");
const carp = fromHex(`2133 0007 0001 0000 ${"5a".repeat(28)}`);

const drops: readonly (readonly [DropReason, string, Uint8Array, Received])[] = [
  ["ttl", "254", v3, { ...v4, ttl: 254 }],
  ["ttl", "hop limit 64", v3, { ...v6, ttl: 64 }],
  ["ttl", "0, and nothing else right", new Uint8Array(), { ...v4, ttl: 0 }],
  ["truncated", "empty", new Uint8Array(), v4],
  ["truncated", "seven bytes", v3.subarray(0, 7), v4],
  ["truncated", "an address short of one byte", v3.subarray(0, 11), v4],
  ["truncated", "two addresses promised", summed(v3, { 3: 2 }), v4],
  ["truncated", "one IPv6 address promised, four bytes there", v3, v6],
  ["truncated", "VRRPv2 without its authentication data", summed(v2.subarray(0, 12), {}), v4],
  ["carp", "the header of FreeBSD and OpenBSD", carp, v4],
  ["carp", "over IPv6", carp, v6],
  ["version", "1", summed(v3, { 0: 0x11 }), v4],
  ["version", "4", summed(v3, { 0: 0x41 }), v4],
  ["version", "VRRPv2 over IPv6", v2, v6],
  ["type", "0", summed(v3, { 0: 0x30 }), v4],
  ["type", "2", summed(v2, { 0: 0x22 }), v4],
  ["trailing", "16 bytes behind the addresses", concatBytes(v3, new Uint8Array(16)), v4],
  ["trailing", "a signature that is short of one byte", concatBytes(v3, unsignedTrailer(1).subarray(0, 27)), v4],
  ["trailing", "a signature of another scheme", concatBytes(v3, patched(unsignedTrailer(1), { 0: 2 })), v4],
  ["trailing", "a signature with reserved bits set", concatBytes(v3, patched(unsignedTrailer(1), { 3: 1 })), v4],
  ["trailing", "addresses behind a count of 0", summed(v3, { 3: 0 }), v4],
  ["checksum", "zero", patched(v3, { 6: 0, 7: 0 }), v4],
  [
    "checksum",
    "with the pseudo-header of another destination",
    fromHex("3133c801 006410d8 0a4d0064"),
    { ...v4, destination: "10.77.0.3" },
  ],
  ["checksum", "VRRPv2 with a pseudo-header", patched(v2, { 6: 0xe4, 7: 0xb4 }), v4],
  [
    "checksum",
    "IPv6 without a pseudo-header",
    summed(fromHex("3133c801 00140000 fe800000000000000000000000000100"), {}),
    v6,
  ],
  ["vrid", "0", summed(v3, { 1: 0 }), v4],
  ["vrid", "0 in VRRPv2", summed(v2, { 1: 0 }), v4],
  ["authentication", "type 2, IPsec", summed(v2, { 4: 2 }), v4],
  ["interval", "0", summed(v3, { 5: 0 }), v4],
  ["interval", "0, reserved bits set", summed(v3, { 4: 0xf0, 5: 0 }), v4],
  ["interval", "0 in VRRPv2", summed(v2, { 5: 0 }), v4],
  ["addressCount", "0", summed(v3.subarray(0, 8), { 3: 0 }), v4],
  ["addressCount", "0 in VRRPv2", summed(fromHex("21339600 01010000 7365637265743132"), {}), v4],
];

for (const [drop, name, pdu, received] of drops) {
  test(`advert dropped as ${drop}: ${name}`, () => {
    assert.deepEqual(parseAdvert(pdu, received), { ok: false, drop });
  });
}

test("adverts: the PDUs that the drops are made from are sound", () => {
  assert.equal(parseAdvert(v3, v4).ok, true);
  assert.equal(parseAdvert(v2, v4).ok, true);
});

test("adverts: every reason has a row in the table", () => {
  const reasons: Readonly<Record<DropReason, true>> = {
    ...{ ttl: true, truncated: true, carp: true, version: true, type: true, trailing: true, checksum: true },
    ...{ vrid: true, authentication: true, interval: true, addressCount: true },
  };
  assert.deepEqual(new Set(drops.map(([drop]) => drop)), new Set(Object.keys(reasons)));
});

test("adverts: of several faults the first in order is named", () => {
  // Each row keeps the faults of the rows below it.
  const addressless = summed(v3.subarray(0, 8), { 1: 0, 3: 0, 5: 0 });
  const rows: readonly (readonly [DropReason, Uint8Array, Received])[] = [
    ["ttl", patched(addressless, { 0: 0x12, 3: 1 }), { ...v4, ttl: 1 }],
    ["version", patched(addressless, { 0: 0x12, 3: 1 }), v4],
    ["type", patched(addressless, { 0: 0x32, 3: 1 }), v4],
    ["truncated", patched(addressless, { 3: 1 }), v4],
    ["checksum", patched(addressless, { 6: 0 }), v4],
    ["vrid", addressless, v4],
    ["interval", summed(addressless, { 1: 51 }), v4],
    ["addressCount", summed(addressless, { 1: 51, 5: 100 }), v4],
  ];
  for (const [drop, pdu, received] of rows) assert.deepEqual(parseAdvert(pdu, received), { ok: false, drop });
  assert.deepEqual(parseAdvert(summed(v2, { 4: 2, 5: 0 }), v4), { ok: false, drop: "authentication" });
});

test("adverts: VRRPv2 as long as CARP, or with as many addresses as CARP has words, is VRRP none the less", () => {
  for (const count of [5, 7]) {
    const advert: AdvertV2 = {
      ...{ kind: "v2", family: "ipv4", vrid: vrid(1), priority: priority(0), interval: seconds(1) },
      authentication: { kind: "none" },
      addresses: Array.from({ length: count }, (_, index) => `10.77.0.${String(index + 1)}`),
    };
    const pdu = emitAdvert(advert, v4, { checksum: "pduOnly" });
    assert.equal(pdu.length === carp.length || pdu[3] === carp[3], true);
    assert.deepEqual(parseAdvert(pdu, v4), { ok: true, advert, checksumForm: "pduOnly", trailer: null });
  }
});

test("adverts: without authentication the eight bytes may be anything", () => {
  const parsed = parseAdvert(summed(v2, { 4: 0 }), v4);
  assert.ok(parsed.ok && parsed.advert.kind === "v2");
  assert.deepEqual(parsed.advert.authentication, { kind: "none" });
});

test("adverts: round trip, in every form", () => {
  fc.assert(
    fc.property(sentAdvert, checksumForm, ({ advert, ...ends }, wanted) => {
      const pdu = emitAdvert(advert, ends, { checksum: wanted });
      const parsed = parseAdvert(pdu, { ...ends, family: advert.family, ttl: 255 });
      assert.ok(parsed.ok);
      assert.deepEqual(parsed.advert, advert);
      // A pseudo-header that sums up to zero makes both forms the same.
      if (onlyForm(advert) !== null) assert.equal(parsed.checksumForm, onlyForm(advert));
      else if (pseudoHeaderSum({ ...ends, length: pdu.length }) !== 0) assert.equal(parsed.checksumForm, wanted);
    }),
    { numRuns: 300 },
  );
});

test("adverts: whatever the bytes, no exception", () => {
  const start = fc.constantFrom("", "31", "21", "3133c801", "21339601", "3133c8ff0064", "213300070001");
  const received = fc.constantFrom(v4, v6);
  fc.assert(
    fc.property(start, anyBytes, received, (first, rest, from) => {
      const pdu = concatBytes(fromHex(first), rest);
      parseAdvert(pdu, from);
      if (pdu.length >= 8) parseAdvert(summed(pdu, {}), from);
    }),
    { numRuns: 2000 },
  );
});

/*
 * What a checksum is worth: one flipped bit changes the sum by a power of two, which is never a multiple of 65535. So a
 * flipped bit is always found by the form that the sender used. Because we take two forms over IPv4, it may by bad luck be
 * right in the other one, when the pseudo-header sums up to just that power of two.
 */
const flips = fc.array(fc.nat(), { minLength: 1, maxLength: 20 });

test("adverts over IPv6: a flipped bit is always found", () => {
  fc.assert(
    fc.property(sentV3OverIpv6, flips, ({ advert, ...ends }, bits) => {
      const pdu = emitAdvert(advert, ends, { checksum: "pseudoHeader" });
      for (const bit of bits) {
        const damaged = withBitFlipped(pdu, bit % (pdu.length * 8));
        assert.equal(parseAdvert(damaged, { ...ends, family: "ipv6", ttl: 255 }).ok, false);
      }
    }),
  );
});

test("adverts over IPv4: a flipped bit is found, or taken only in the form that the sender did not use", () => {
  fc.assert(
    fc.property(sentV3OverIpv4, checksumForm, flips, ({ advert, ...ends }, form, bits) => {
      const pdu = emitAdvert(advert, ends, { checksum: form });
      fc.pre(pseudoHeaderSum({ ...ends, length: pdu.length }) !== 0);
      for (const bit of bits) {
        const parsed = parseAdvert(withBitFlipped(pdu, bit % (pdu.length * 8)), { ...ends, family: "ipv4", ttl: 255 });
        assert.ok(!parsed.ok || parsed.checksumForm !== form);
      }
    }),
  );
});

test("adverts over IPv4: the bad luck, made on purpose", () => {
  const advert: AdvertV3 = {
    ...{ kind: "v3", family: "ipv4", vrid: vrid(51), priority: priority(200), interval: centis(100) },
    addresses: ["10.77.0.100"],
  };
  const ends = { source: "10.77.21.52", destination: "224.0.0.18" };
  assert.equal(pseudoHeaderSum({ ...ends, length: 12 }), 0x0010);
  const pdu = emitAdvert(advert, ends, { checksum: "pseudoHeader" });
  const bad = Array.from({ length: pdu.length * 8 }, (_, bit) => withBitFlipped(pdu, bit))
    .map((damaged) => parseAdvert(damaged, { ...ends, family: "ipv4", ttl: 255 }))
    .filter((parsed) => parsed.ok);
  assert.ok(bad.length > 0);
  assert.ok(bad.every((parsed) => parsed.checksumForm === "pduOnly"));
});

test("adverts that cannot be sent are a programmer's mistake", () => {
  const common = { vrid: vrid(51), priority: priority(200) };
  const good: AdvertV3 = { kind: "v3", family: "ipv4", ...common, interval: centis(100), addresses: ["10.77.0.100"] };
  const checksum = { checksum: "pseudoHeader" } as const;
  assert.doesNotThrow(() => emitAdvert(good, v4, checksum));
  const bad: readonly Advert[] = [
    { ...good, addresses: [] },
    { ...good, addresses: Array<string>(256).fill("10.77.0.100") },
    { ...good, addresses: ["fe80::100"] },
    { ...good, addresses: ["somewhere"] },
    {
      ...{ kind: "v2", family: "ipv4", ...common, interval: seconds(1), addresses: ["10.77.0.100"] },
      authentication: { kind: "password", bytes: new Uint8Array(7) },
    },
  ];
  for (const advert of bad) assert.throws(() => emitAdvert(advert, v4, checksum), RangeError);
});

test("passwords: one to eight printable ASCII characters, padded with zeros", () => {
  const table: readonly (readonly [string, string | null])[] = [
    ["secret12", "7365637265743132"],
    ["abc", "6162630000000000"],
    ["", null],
    ["ninechars", null],
    ["käse", null],
    ["a\0b", null],
  ];
  for (const [text, expected] of table) {
    const bytes = passwordBytes(text);
    assert.equal(bytes === null ? null : hex(bytes), expected, JSON.stringify(text));
  }
});

function expectedAdvert(vector: VrrpVector): { readonly advert: Advert; readonly form: ChecksumForm } {
  const { decoded, family } = vector;
  const common = { vrid: vrid(decoded.vrid), priority: priority(decoded.priority), addresses: decoded.addresses };
  if (decoded.version === 3) {
    const advert: Advert = { kind: "v3", family, ...common, interval: centis(decoded.max_advert_int_cs ?? 0) };
    return { advert, form: decoded.checksum_mode === "pdu-only" ? "pduOnly" : "pseudoHeader" };
  }
  const bytes = passwordBytes(decoded.auth_data_ascii ?? "");
  const authentication = bytes === null ? ({ kind: "none" } as const) : ({ kind: "password", bytes } as const);
  assert.equal(decoded.auth_type, bytes === null ? 0 : 1);
  const interval = seconds(decoded.adver_int_s ?? 0);
  return { advert: { kind: "v2", family: "ipv4", ...common, interval, authentication }, form: "pduOnly" };
}

/** The PDU with some bytes replaced, and its checksum over the PDU alone made right again. */
function summed(pdu: Uint8Array, changes: Readonly<Record<number, number>>): Uint8Array {
  const unsummed = patched(pdu, { ...changes, 6: 0, 7: 0 });
  const sum = internetChecksum(unsummed);
  return patched(unsummed, { 6: sum >>> 8, 7: sum & 0xff });
}

/** The one form there is, or `null` where there is a choice. */
function onlyForm(advert: Advert): ChecksumForm | null {
  if (advert.kind === "v2") return "pduOnly";
  return advert.family === "ipv6" ? "pseudoHeader" : null;
}

/** The IPv4 pseudo-header as a number modulo 65535, which is what ones'-complement sums are. */
function pseudoHeaderSum({ source, destination, length }: Endpoints & { readonly length: number }): number {
  const words = [source, destination].flatMap((text) => {
    const bytes = Buffer.from(addressBytes(text));
    return [bytes.readUInt16BE(0), bytes.readUInt16BE(2)];
  });
  return [...words, 112, length].reduce((sum, word) => sum + word, 0) % 0xffff;
}
