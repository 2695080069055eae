import assert from "node:assert/strict";
import { BlockList, isIPv4, isIPv6 } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import {
  addressBytes,
  broadcastAddress,
  canonicalAddress,
  compareAddresses,
  familyOf,
  formatAddress,
  formatMac,
  isOnSubnet,
  macBytes,
  parseAddress,
  parseCidr,
  parseMac,
  virtualMac,
  type Cidr,
} from "../../src/wire/addresses.js";
import { vrid } from "../../src/wire/units.js";
import { bytesOf, ipv4, ipv6, ipv6Bytes } from "./arbitraries.js";
import { hex } from "./bytes.js";

const canonical: readonly (readonly [text: string, canonical: string])[] = [
  ["10.186.157.199", "10.186.157.199"],
  ["0.0.0.0", "0.0.0.0"],
  ["255.255.255.255", "255.255.255.255"],
  // RFC 5952 sections 4.1 to 4.3.
  ["2001:0db8::0001", "2001:db8::1"],
  ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["2001:DB8::A", "2001:db8::a"],
  ["::", "::"],
  ["0:0:0:0:0:0:0:0", "::"],
  ["::1", "::1"],
  ["fe80::", "fe80::"],
  ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
  ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
  // Section 5: mixed notation for the IPv4-mapped prefix.
  ["::ffff:c000:201", "::ffff:192.0.2.1"],
  ["::FFFF:192.0.2.1", "::ffff:192.0.2.1"],
  ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
];

test("addresses have one text each", () => {
  for (const [text, expected] of canonical) {
    assert.equal(canonicalAddress(text), expected, text);
    assert.equal(canonicalAddress(expected), expected);
  }
});

const noAddresses = [
  ...["", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1.2.3.-4", "1.2.3.4 ", " 1.2.3.4"],
  ...["1.2.3.", ".1.2.3", "1..2.3", "0x1.2.3.4", "1e1.2.3.4", "1.2.3.4/24", "１.2.3.4", "host.example"],
  ...[":", ":::", "1:", ":1", "::1:", ":1::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::"],
  ...[
    "::1:2:3:4:5:6:7:8",
    "12345::",
    "g::",
    "::1.2.3",
    "::1.2.3.256",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "1:2:3:4:5:6:7:1.2.3.4",
  ],
  ...["fe80::1%eth0", "[::1]", "::1/64", "::-1", ":: 1", "::0x1"],
];

test("what is no address is refused", () => {
  for (const text of noAddresses) {
    assert.equal(parseAddress(text), null, JSON.stringify(text));
    assert.equal(familyOf(text), null);
    assert.throws(() => addressBytes(text), RangeError);
  }
});

test("addresses: node:net agrees on what is one", () => {
  const pieces = fc.constantFrom("0", "1", "255", "256", "01", "ffff", "10000", "a", ".", ":", "::", "");
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 17 }), (list) => {
      const text = list.join("");
      assert.equal(familyOf(text), isIPv4(text) ? "ipv4" : isIPv6(text) ? "ipv6" : null);
    }),
    { numRuns: 5000 },
  );
});

test("addresses: bytes to text and back, in the form that URLs have", () => {
  fc.assert(
    fc.property(fc.oneof(bytesOf(4), bytesOf(16), ipv6Bytes), (bytes) => {
      const text = formatAddress(bytes);
      assert.deepEqual(parseAddress(text), bytes);
      const { hostname } = new URL(bytes.length === 4 ? `http://${text}/` : `http://[${text}]/`);
      if (!text.startsWith("::ffff:")) assert.equal(hostname.replace(/^\[(.*)\]$/, "$1"), text);
    }),
    { numRuns: 500 },
  );
});

test("addresses: whatever the text, no exception", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.equal(canonicalAddress(text) === null, familyOf(text) === null);
    }),
  );
});

test("addressBytes insists on the family asked for", () => {
  assert.throws(() => addressBytes("10.0.0.1", "ipv6"), RangeError);
  assert.throws(() => addressBytes("::1", "ipv4"), RangeError);
  assert.throws(() => formatAddress(new Uint8Array(5)), RangeError);
});

test("addresses compare as unsigned numbers in network order, not as text", () => {
  const ascending = ["2.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.1.0", "127.255.255.255", "128.0.0.0", "255.0.0.0"];
  const ascending6 = ["::1", "::a", "::10", "fe80::1", "fe80::ff:fe00:2", "ff02::12"];
  for (const list of [ascending, ascending6]) {
    assert.deepEqual([...list].reverse().sort(compareAddresses), list);
    for (const address of list) assert.equal(compareAddresses(address, address), 0);
  }
  fc.assert(
    fc.property(ipv4, ipv4, (a, b) => {
      const number = (text: string): number => Buffer.from(addressBytes(text)).readUInt32BE();
      assert.equal(Math.sign(compareAddresses(a, b)), Math.sign(number(a) - number(b)));
    }),
  );
});

test("CIDR: address and prefix length, host bits kept", () => {
  const good: readonly (readonly [string, Cidr])[] = [
    ["10.186.157.199/24", { family: "ipv4", address: "10.186.157.199", prefixLength: 24 }],
    ["0.0.0.0/0", { family: "ipv4", address: "0.0.0.0", prefixLength: 0 }],
    ["FD77::0100/128", { family: "ipv6", address: "fd77::100", prefixLength: 128 }],
  ];
  for (const [text, cidr] of good) assert.deepEqual(parseCidr(text), cidr);
  for (const bad of [
    "10.0.0.1",
    "10.0.0.1/",
    "10.0.0.1/33",
    "10.0.0.1/024",
    "10.0.0.1/+8",
    "10.0.0.1/8/8",
    "::/129",
    "/8",
    "",
  ]) {
    assert.equal(parseCidr(bad), null, bad);
  }
});

test("subnets: node:net agrees on who is inside", () => {
  const prefix4 = fc.tuple(fc.integer({ min: 1, max: 32 }), fc.integer({ min: 0, max: 32 }));
  fc.assert(
    fc.property(ipv4, bytesOf(4), prefix4, (network, noise, [prefixLength, kept]) => {
      const address = formatAddress(blend(addressBytes(network), noise, kept));
      const list = new BlockList();
      list.addSubnet(network, prefixLength, "ipv4");
      assert.equal(
        isOnSubnet(address, { family: "ipv4", address: network, prefixLength }),
        list.check(address, "ipv4"),
      );
    }),
    { numRuns: 500 },
  );
  const prefix6 = fc.tuple(fc.integer({ min: 1, max: 128 }), fc.integer({ min: 0, max: 128 }));
  fc.assert(
    fc.property(ipv6, bytesOf(16), prefix6, (network, noise, [prefixLength, kept]) => {
      const address = formatAddress(blend(addressBytes(network), noise, kept));
      // BlockList takes IPv4-mapped addresses for IPv4.
      fc.pre(![network, address].some((text) => text.startsWith("::ffff:")));
      const list = new BlockList();
      list.addSubnet(network, prefixLength, "ipv6");
      assert.equal(
        isOnSubnet(address, { family: "ipv6", address: network, prefixLength }),
        list.check(address, "ipv6"),
      );
    }),
    { numRuns: 500 },
  );
});

test("subnets: the edges", () => {
  const subnet = { family: "ipv4", address: "10.186.157.199", prefixLength: 24 } as const;
  assert.equal(isOnSubnet("10.186.157.0", subnet), true);
  assert.equal(isOnSubnet("10.186.157.255", subnet), true);
  assert.equal(isOnSubnet("10.186.158.0", subnet), false);
  assert.equal(isOnSubnet("::1", { family: "ipv4", address: "0.0.0.0", prefixLength: 0 }), false);
  assert.equal(isOnSubnet("203.0.113.9", { family: "ipv4", address: "0.0.0.0", prefixLength: 0 }), true);
});

test("broadcast address", () => {
  const table: readonly (readonly [string, string | null])[] = [
    ["10.186.157.199/24", "10.186.157.255"],
    ["10.186.157.199/20", "10.186.159.255"],
    ["10.186.157.197/30", "10.186.157.199"],
    ["10.0.0.1/8", "10.255.255.255"],
    ["10.0.0.1/31", null],
    ["10.0.0.1/32", null],
    ["fd77::100/64", null],
  ];
  for (const [text, expected] of table) {
    const cidr = parseCidr(text);
    assert.ok(cidr);
    assert.equal(broadcastAddress(cidr), expected, text);
  }
});

test("MAC addresses", () => {
  assert.equal(parseMac("02:00:5E:00:00:0a"), "02:00:5e:00:00:0a");
  for (const bad of [
    "",
    "02:00:00:00:00",
    "02:00:00:00:00:03:04",
    "2:0:0:0:0:3",
    "02-00-00-00-00-03",
    "02:00:00:00:00:0g",
  ]) {
    assert.equal(parseMac(bad), null, bad);
  }
  assert.throws(() => formatMac(new Uint8Array()), RangeError);
  assert.throws(() => formatMac(new Uint8Array(20)), RangeError);
  fc.assert(
    fc.property(bytesOf(6), (bytes) => {
      assert.equal(hex(macBytes(formatMac(bytes))), hex(bytes));
    }),
  );
});

test("virtual MAC addresses of RFC 9568 section 7.3", () => {
  assert.equal(virtualMac("ipv4", vrid(51)), "00:00:5e:00:01:33");
  assert.equal(virtualMac("ipv6", vrid(255)), "00:00:5e:00:02:ff");
});

/** The first bits of one address, the others of another: most pairs of random addresses share no subnet at all. */
function blend(address: Uint8Array, noise: Uint8Array, keptBits: number): Uint8Array {
  return address.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, keptBits - index * 8));
    const mask = (0xff00 >> kept) & 0xff;
    return (byte & mask) | ((noise[index] ?? 0) & ~mask);
  });
}
