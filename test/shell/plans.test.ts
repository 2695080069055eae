/** What goes on the wire for a group: versions, families, transports, each parsed again by the receiver's code. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Placement, type Speech, planAddresses, planAdverts, planHolding } from "../../src/shell/plans.js";
import { type Cidr, formatMac, macAddress, parseCidr } from "../../src/wire/addresses.js";
import { type Priority, priority, vrid } from "../../src/wire/units.js";
import { type Advert, type ChecksumForm, parseAdvert, passwordBytes } from "../../src/wire/vrrp.js";

const placement: Placement = {
  ifIndex: 7,
  name: "eth0",
  mac: macAddress("02:00:00:00:00:01"),
  sources: { ipv4: "10.0.0.1", ipv6: "fe80::1", ipv6Global: "2001:db8::1" },
};

function vips(...cidrs: readonly string[]): readonly Cidr[] {
  return cidrs.flatMap((cidr) => parseCidr(cidr) ?? []);
}

const speech: Speech = {
  vips: vips("10.0.0.100/24"),
  label: null,
  advertIntervalMs: 100,
  dialect: { kind: "v3", checksum: "pseudoHeader" },
  signatures: null,
  peers: null,
  destroySockets: true,
  kernelLeaseSeconds: 2,
};

interface Sent {
  readonly source: string;
  readonly destination: string;
  readonly advert: Advert;
  readonly checksumForm: ChecksumForm;
}

/** The adverts of the plan, as a receiver reads them. */
function sent(change: Partial<Speech>, where: Placement = placement, level: Priority = priority(254)): readonly Sent[] {
  return planAdverts({ ...speech, ...change }, where, vrid(50), level).map(({ family, source, destination, pdu }) => {
    const parsed = parseAdvert(pdu, { family, source, destination, ttl: 255 });
    assert.ok(parsed.ok);
    return { source, destination, advert: parsed.advert, checksumForm: parsed.checksumForm };
  });
}

test("VRRPv3 by multicast, both families, all VIPs", () => {
  const [v4, v6, ...others] = sent({
    vips: vips("2001:db8::100/64", "10.0.0.100/24", "fe80::100/64", "10.0.0.101/24"),
  });
  assert.equal(others.length, 0);
  assert.deepEqual([v4?.source, v4?.destination, v4?.checksumForm], ["10.0.0.1", "224.0.0.18", "pseudoHeader"]);
  assert.deepEqual(v4?.advert, {
    ...{ kind: "v3", family: "ipv4", vrid: 50, priority: 254, interval: 10 },
    addresses: ["10.0.0.100", "10.0.0.101"],
  });
  assert.deepEqual([v6?.source, v6?.destination], ["fe80::1", "ff02::12"]);
  // The link-local one comes first, wherever it was written.
  assert.deepEqual(v6?.advert.addresses, ["fe80::100", "2001:db8::100"]);
});

test("the checksum as configured", () => {
  assert.equal(sent({ dialect: { kind: "v3", checksum: "pduOnly" } })[0]?.checksumForm, "pduOnly");
});

test("VRRPv2 with and without a password", () => {
  for (const bytes of [null, passwordBytes("~bG7n)4?")]) {
    const authentication = bytes === null ? ({ kind: "none" } as const) : ({ kind: "password", bytes } as const);
    const [only] = sent({ advertIntervalMs: 255_000, dialect: { kind: "v2", authentication } });
    assert.deepEqual(only?.advert, {
      ...{ kind: "v2", family: "ipv4", vrid: 50, priority: 254, interval: 255, authentication },
      addresses: ["10.0.0.100"],
    });
  }
});

test("unicast: to each peer of the family, never to ourselves, from the address that the peer knows us by", () => {
  const peers = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1", "2001:db8::2", "fe80::2"];
  const both = vips("10.0.0.100/24", "2001:db8::100/64");
  const ends = (where: Placement) =>
    sent({ vips: both, peers }, where).map(({ source, destination }) => [source, destination]);
  assert.deepEqual(ends(placement), [
    ["10.0.0.1", "10.0.0.2"],
    ["10.0.0.1", "10.0.0.3"],
    ["2001:db8::1", "2001:db8::2"],
    ["fe80::1", "fe80::2"],
  ]);
  const { ipv4, ipv6 } = placement.sources;
  assert.deepEqual(ends({ ...placement, sources: { ipv4, ipv6, ipv6Global: null } }).slice(2), [
    ["fe80::1", "fe80::2"],
  ]);
  assert.deepEqual(sent({ peers: ["2001:db8::2"] }), []);
});

test("255 VIPs fit into one advert", () => {
  const many = vips(...Array.from({ length: 255 }, (_, index) => `10.1.0.${String(index)}/16`));
  assert.equal(sent({ vips: many })[0]?.advert.addresses.length, 255);
});

test("an IPv6 VIP is never chosen as source, and nothing of IPv4 sticks to it", () => {
  const [v4, v6] = planAddresses({ ...speech, vips: vips("10.0.0.100/24", "2001:db8::100/64"), label: "eth0:1" });
  assert.deepEqual([v4?.label, v4?.broadcast, v4?.deprecated], ["eth0:1", "10.0.0.255", false]);
  assert.deepEqual(v6, {
    ...{ family: "ipv6", address: "2001:db8::100", prefixLength: 64 },
    deprecated: true,
    noPrefixRoute: true,
  });
});

test("signed adverts have a trailer with the first key's ID, and the network gets the key", () => {
  const bytes = new Uint8Array(32).fill(7);
  const keys = [
    { id: 9, bytes },
    { id: 1, bytes: new Uint8Array(32) },
  ] as const;
  const planned = (mode: "enforce" | "permissive" | "receive-only") => {
    const signatures = { keys, mode, windowSeconds: 5 };
    const both = { ...speech, signatures, vips: vips("10.0.0.100/24", "2001:db8::100/64") };
    return planAdverts(both, placement, vrid(50), priority(254));
  };
  for (const mode of ["enforce", "permissive"] as const) {
    const packets = planned(mode);
    assert.equal(packets.length, 2);
    for (const { family, source, destination, pdu, signing } of packets) {
      assert.deepEqual(signing, { key: bytes, windowSeconds: 5 });
      const parsed = parseAdvert(pdu, { family, source, destination, ttl: 255 });
      assert.equal(parsed.ok && parsed.trailer?.keyId, 9);
    }
  }
  for (const { signing, family, source, destination, pdu } of planned("receive-only")) {
    assert.equal(signing, undefined);
    const parsed = parseAdvert(pdu, { family, source, destination, ttl: 255 });
    assert.equal(parsed.ok && parsed.trailer, null);
  }
});

test("with a virtual MAC, addresses and announcements go to the interface of their family, with its MAC", () => {
  const homes = {
    ipv4: { ifIndex: 41, mac: macAddress("00:00:5e:00:01:32") },
    ipv6: { ifIndex: 61, mac: macAddress("00:00:5e:00:02:32") },
  };
  const both = { ...speech, vips: vips("10.0.0.100/24", "2001:db8::100/64") };
  const leases = { leaseUntilMs: 1, rightUntilMs: 2 };
  const plan = (where: Placement) => planHolding(both, where, vrid(50), 1, priority(254), leases);
  const { ifIndex, virtualLinks, announcements, adverts } = plan({ ...placement, virtual: homes });
  assert.deepEqual([ifIndex, virtualLinks], [7, { ipv4: 41, ipv6: 61 }]);
  const sources = announcements.map((frame) => formatMac(frame.subarray(6, 12)));
  assert.deepEqual(sources, [homes.ipv4.mac, homes.ipv4.mac, homes.ipv6.mac]);
  // The adverts are those of the node, whose address they come from.
  assert.deepEqual(adverts, plan(placement).adverts);
  assert.equal(plan(placement).virtualLinks, undefined);
});
