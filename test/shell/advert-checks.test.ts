/** Which sound adverts a group may not listen to, one row for each reason, and how a sender is remembered. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkEvent } from "../../src/ports/network.js";
import { type RefusalReason, refusalOf } from "../../src/shell/advert-checks.js";
import { PeerBook } from "../../src/shell/peer-book.js";
import { centis, priority, seconds, vrid } from "../../src/wire/units.js";
import { type Advert, type Authentication, type Dialect, VRRP_GROUP, passwordBytes } from "../../src/wire/vrrp.js";

const PEER = "10.0.0.2";
const common = { family: "ipv4", vrid: vrid(51), priority: priority(100), addresses: ["10.0.0.100"] } as const;
const none: Authentication = { kind: "none" };

function password(text: string): Authentication {
  return { kind: "password", bytes: passwordBytes(text) ?? new Uint8Array(8) };
}

function v2(authentication: Authentication): Advert {
  return { kind: "v2", ...common, interval: seconds(1), authentication };
}

const v3: Advert = { kind: "v3", ...common, interval: centis(10) };
const speaksV3: Dialect = { kind: "v3", checksum: "pseudoHeader" };

function speaksV2(authentication: Authentication): Dialect {
  return { kind: "v2", authentication };
}

const OWN = { ipv4: "10.0.0.1", ipv6: "fe80::1", ipv6Global: "2001:db8::1" };

const rows: readonly (readonly [RefusalReason | null, string, Advert, Dialect, readonly string[] | null])[] = [
  [null, "VRRPv3", v3, speaksV3, null],
  [
    null,
    "VRRPv3 with the other checksum: what a peer sends is its own affair",
    v3,
    { ...speaksV3, checksum: "pduOnly" },
    null,
  ],
  [null, "VRRPv3 from a peer", v3, speaksV3, ["10.0.0.9", PEER]],
  [null, "VRRPv2 without a password", v2(none), speaksV2(none), null],
  [null, "VRRPv2 with the password", v2(password("secret12")), speaksV2(password("secret12")), null],
  ["unknownPeer", "not among the peers", v3, speaksV3, ["10.0.0.9"]],
  ["unknownPeer", "peers are not known yet", v3, speaksV3, []],
  ["otherVersion", "VRRPv2", v2(none), speaksV3, null],
  ["otherVersion", "VRRPv3", v3, speaksV2(none), null],
  ["authenticationType", "no password", v2(none), speaksV2(password("secret12")), null],
  ["authenticationType", "a password that nobody asked for", v2(password("secret12")), speaksV2(none), null],
  ["password", "another one", v2(password("secret12")), speaksV2(password("secret13")), null],
  ["password", "a shorter one: all eight bytes count", v2(password("secret1")), speaksV2(password("secret12")), null],
];

for (const [reason, name, advert, dialect, peers] of rows) {
  test(`an advert is ${reason === null ? "heard" : `refused as ${reason}`}: ${name}`, () => {
    const refusal = refusalOf(advert, PEER, { dialect, peers }, OWN);
    assert.equal(refusal?.reason ?? null, reason);
    if (refusal === null) return;
    assert.match(refusal.text, /10\.0\.0\.2/);
    assert.doesNotMatch(refusal.text, /secret/);
  });
}

test("an advert from this node's own address is nobody's word", () => {
  for (const source of Object.values(OWN)) {
    const refusal = refusalOf(v3, source, { dialect: speaksV3, peers: null }, OWN);
    assert.equal(refusal?.reason, "ownAddress");
    assert.ok(refusal.text.startsWith(`${source}, this node's own address, sends adverts from outside`));
  }
});

test("of several differences the first in order is named", () => {
  assert.equal(refusalOf(v2(none), PEER, { dialect: speaksV3, peers: [] }, OWN)?.reason, "unknownPeer");
});

test("a sender is remembered with its version, the form of its checksum, and how often it was heard", () => {
  const book = new PeerBook();
  assert.equal(book.of(PEER), null);
  book.note(from(PEER), { ok: true, advert: v3, checksumForm: "pseudoHeader", trailer: null }, null);
  const trailer = { keyId: 7, seconds: 1, sequence: 1n << 32n, hmac: new Uint8Array(16) };
  book.note(from(PEER), { ok: true, advert: v3, checksumForm: "pduOnly", trailer }, -40);
  assert.deepEqual(book.of(PEER), {
    ...{ version: 3, checksum: "pduOnly", intervalMs: 100, adverts: 2, keyId: 7, aheadMs: -40, advert: from(PEER) },
  });
  book.note(from(PEER, 40), { ok: true, advert: v2(none), checksumForm: "pduOnly", trailer: null }, null);
  assert.deepEqual(book.of(PEER), {
    ...{
      version: 2,
      checksum: null,
      intervalMs: 1000,
      adverts: 43,
      keyId: null,
      aheadMs: null,
      advert: from(PEER, 40),
    },
  });
});

test("adverts that were never told count as well", () => {
  const book = new PeerBook();
  book.count(PEER, 5);
  assert.equal(book.of(PEER), null);
  book.note(from(PEER), { ok: true, advert: v3, checksumForm: "pseudoHeader", trailer: null }, null);
  book.count(PEER, 5);
  assert.equal(book.of(PEER)?.adverts, 6);
});

test("forged senders push out the one that was silent for longest", () => {
  const book = new PeerBook();
  const sound = { ok: true, advert: v3, checksumForm: "pseudoHeader", trailer: null } as const;
  for (let number = 1; number <= 1000; number += 1) {
    book.note(from(`10.1.${String(number >> 8)}.${String(number & 0xff)}`), sound, null);
    book.note(from(PEER), sound, null);
  }
  assert.equal(book.of(PEER)?.adverts, 1000);
  assert.equal(book.of("10.1.0.1"), null);
  assert.equal(book.of("10.1.3.232")?.adverts, 1);
});

function from(source: string, untold = 0): NetworkEvent & { readonly kind: "advert" } {
  const sent = { ifIndex: 7, source, destination: VRRP_GROUP.ipv4, ttl: 255, pdu: new Uint8Array(12) };
  return { kind: "advert", atMs: 1, family: "ipv4", untold, ...sent };
}
