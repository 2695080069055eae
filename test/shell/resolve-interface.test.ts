/** On which interface a group lives, and when that cannot be said. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type GroupPlace, resolveInterface } from "../../src/shell/resolve-interface.js";
import type { AddressState, LinkState } from "../../src/ports/network.js";
import { parseCidr } from "../../src/wire/addresses.js";

const IFA_F_SECONDARY = 0x01;
const IFA_F_PERMANENT = 0x80;
const IFA_F_NOPREFIXROUTE = 0x200;

const LO = link(1, "lo", true);
const ETH0 = link(2, "eth0");
const ETH1 = link(3, "eth1");
const LINKS = [LO, ETH0, ETH1];
const ADDRESSES = [
  address(LO, "127.0.0.1/8", { scope: 254 }),
  address(ETH0, "10.0.0.1/24"),
  address(ETH0, "fd00::1/64"),
  address(ETH0, "fe80::1/64", { scope: 253 }),
  address(ETH1, "192.168.7.1/16"),
];

test("the subnet of the VIP tells the interface", () => {
  assert.deepEqual(resolveInterface(group("10.0.0.5/24"), LINKS, ADDRESSES), { ok: true, ifIndex: 2, name: "eth0" });
  assert.deepEqual(resolveInterface(group("192.168.200.5/32"), LINKS, ADDRESSES), {
    ok: true,
    ifIndex: 3,
    name: "eth1",
  });
  assert.deepEqual(resolveInterface(group("fd00::5/64"), LINKS, ADDRESSES), { ok: true, ifIndex: 2, name: "eth0" });
});

test("VIPs on interfaces with a virtual MAC say nothing about where the node lives", () => {
  const virtual = link(9, "pgv4-2-50");
  const found = { ok: true, ifIndex: 2, name: "eth0" };
  // The VIP itself, and another group's in the same subnet, kept for ever.
  for (const vip of ["10.0.0.5/24", "10.0.0.6/24"]) {
    const addresses = [...ADDRESSES, address(virtual, vip)];
    assert.deepEqual(resolveInterface(group("10.0.0.5/24"), [...LINKS, virtual], addresses), found);
  }
});

test("a link-local VIP goes where the others go, and may be a left-over like them", () => {
  const vips = [...group("fe80::5/64").vips, ...group("192.168.200.5/16").vips];
  const left = address(ETH1, "fe80::5/128", { scope: 253 });
  const own = address(ETH1, "fe80::2/64", { scope: 253 });
  const found = resolveInterface({ ...group("fe80::5/64"), vips }, LINKS, [...ADDRESSES, own, left]);
  assert.deepEqual(found, { ok: true, ifIndex: 3, name: "eth1" });
  const named = group("fe80::1/64", { interface: "eth0" });
  const refused = resolveInterface(named, LINKS, ADDRESSES);
  assert.equal(!refused.ok && refused.problem.kind, "ownAddress");
});

test("the longest prefix decides", () => {
  const addresses = [...ADDRESSES, address(ETH1, "10.0.0.129/25")];
  assert.deepEqual(resolveInterface(group("10.0.0.200/24"), LINKS, addresses), { ok: true, ifIndex: 3, name: "eth1" });
  assert.deepEqual(resolveInterface(group("10.0.0.20/24"), LINKS, addresses), { ok: true, ifIndex: 2, name: "eth0" });
});

test("a named interface needs no subnet", () => {
  const found = resolveInterface(group("172.16.0.5/24", { interface: "eth1" }), LINKS, ADDRESSES);
  assert.deepEqual(found, { ok: true, ifIndex: 3, name: "eth1" });
});

test("missing interface", () => {
  problem(group("10.0.0.5/24", { interface: "eth9" }), ADDRESSES, {
    kind: "missing",
    text: "interface eth9 does not exist on this node (there are: lo, eth0, eth1); waiting for it",
  });
});

test("VIP outside every subnet", () => {
  problem(group("172.16.0.5/24"), ADDRESSES, {
    kind: "outsideSubnets",
    text: 'no interface of this node has a subnet with 172.16.0.5/24 in it; name one with "interface"',
  });
  // A left-over of the VIP itself is no reason to live on that interface, nor is an address of link scope.
  const leftOver = address(ETH1, "172.16.0.5/24", { flags: IFA_F_NOPREFIXROUTE, validSeconds: 2 });
  assert.equal(resolveInterface(group("172.16.0.5/24"), LINKS, [...ADDRESSES, leftOver]).ok, false);
  assert.equal(resolveInterface(group("127.0.0.5/24"), LINKS, ADDRESSES).ok, false);
});

test("the same subnet on two interfaces", () => {
  problem(group("10.0.0.5/24"), [...ADDRESSES, address(ETH1, "10.0.0.2/24")], {
    kind: "ambiguous",
    text: 'eth0, eth1 have the subnet of 10.0.0.5/24; name one of them with "interface"',
  });
});

test("VIPs of one group on two interfaces", () => {
  problem(group(["10.0.0.5/24", "192.168.0.5/24"]), ADDRESSES, {
    kind: "ambiguous",
    text: "the VIPs of one group lie on different interfaces (eth0, eth1); wanted one of them only",
  });
  const both = group(["10.0.0.5/24", "fd00::5/64"]);
  assert.deepEqual(resolveInterface(both, LINKS, ADDRESSES), { ok: true, ifIndex: 2, name: "eth0" });
});

test("loopback", () => {
  problem(group("10.0.0.5/24", { interface: "lo" }), ADDRESSES, {
    kind: "loopback",
    text: "interface lo is a loopback; no other node can be reached",
  });
});

test("a label that does not fit the interface that was found", () => {
  problem(group("10.0.0.5/24", { label: "eth1:vip" }), ADDRESSES, {
    kind: "label",
    text: "label eth1:vip must be eth0 or start with eth0: because the VIP goes on eth0",
  });
  assert.equal(resolveInterface(group("10.0.0.5/24", { label: "eth0:vip" }), LINKS, ADDRESSES).ok, true);
});

test("VIP equal to the node's own address", () => {
  const own = {
    kind: "ownAddress",
    text: "10.0.0.1/24 is this node's own address (on eth0); wanted an address that no node has. If a VIP manager left it there: ip address delete 10.0.0.1/24 dev eth0",
  } as const;
  problem(group("10.0.0.1/24", { interface: "eth0" }), ADDRESSES, own);
  problem(group("10.0.0.1/24", { interface: "eth1" }), ADDRESSES, own);
  // Network managers set IFA_F_NOPREFIXROUTE, DHCP a finite lifetime, or both.
  const managed = [address(ETH0, "10.0.0.1/24", { flags: IFA_F_NOPREFIXROUTE, validSeconds: 3600 })];
  problem(group("10.0.0.1/24", { interface: "eth0" }), managed, own);
  // A second address in the subnet does not make the first one a VIP of ours.
  const second = address(ETH0, "10.0.0.2/24", { flags: IFA_F_SECONDARY | IFA_F_PERMANENT });
  problem(group("10.0.0.1/24", { interface: "eth0" }), [...ADDRESSES, second], own);
});

test("a left-over of an earlier run, or of another VIP manager, is no own address", () => {
  const leftOvers = [
    address(ETH0, "10.0.0.5/24", { flags: IFA_F_SECONDARY | IFA_F_PERMANENT }),
    address(ETH0, "10.0.0.5/32"),
    address(ETH0, "10.0.0.5/24", { flags: IFA_F_NOPREFIXROUTE, validSeconds: 1 }),
    address(ETH1, "10.0.0.5/24", { flags: IFA_F_NOPREFIXROUTE, validSeconds: 1 }),
  ];
  for (const leftOver of leftOvers) {
    const found = resolveInterface(group("10.0.0.5/24"), LINKS, [...ADDRESSES, leftOver]);
    assert.deepEqual(found, { ok: true, ifIndex: 2, name: "eth0" });
  }
});

test("a VIP on another interface of this node is refused, not moved", () => {
  problem(group("10.0.0.5/24"), [...ADDRESSES, address(LO, "10.0.0.5/32")], {
    kind: "ownAddress",
    text: "10.0.0.5/24 is this node's own address (on lo); wanted an address that no node has. If a VIP manager left it there: ip address delete 10.0.0.5/24 dev lo",
  });
});

function problem(place: GroupPlace, addresses: readonly AddressState[], expected: object): void {
  assert.deepEqual(resolveInterface(place, LINKS, addresses), { ok: false, problem: expected });
}

function group(vips: string | readonly string[], rest: Partial<GroupPlace> = {}): GroupPlace {
  return { vips: [vips].flat().map(cidr), interface: null, label: null, ...rest };
}

function link(ifIndex: number, name: string, loopback = false): LinkState {
  const mac = Uint8Array.of(2, 0, 0, 0, 0, ifIndex);
  return { ifIndex, name, up: true, carrier: true, loopback, mac, mtu: 1500 };
}

function address({ ifIndex, name }: LinkState, text: string, rest: Partial<AddressState> = {}): AddressState {
  return { ifIndex, ...cidr(text), label: name, flags: IFA_F_PERMANENT, validSeconds: null, scope: 0, ...rest };
}

function cidr(text: string) {
  const parsed = parseCidr(text);
  assert.ok(parsed !== null, text);
  return parsed;
}
