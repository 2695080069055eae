/** Each reason for which a signature does not count, one row each; and that nothing unsigned reaches a group with keys. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { ReplayWindow } from "../../src/shell/replay-window.js";
import { type SignatureRefusal, checkSignature } from "../../src/shell/signature-check.js";
import { type Signatures, signedPart, unsignedTrailer } from "../../src/wire/advert-trailer.js";
import { viewOf } from "../../src/wire/bytes.js";
import { centis, priority, vrid } from "../../src/wire/units.js";
import { VRRP_GROUP, emitAdvert, parseAdvert } from "../../src/wire/vrrp.js";
import { Bench, VIP, placement } from "./bench.js";

const PEER = "10.0.0.2";
const NOW = { wallMs: 1_795_000_000_000, monotonicMs: 5_000 };
const KEY = "an old key of at least 32 letters";
const NEW_KEY = "a new key of at least 32 letters.";

function key(id: number, text: string) {
  return { id, bytes: new TextEncoder().encode(text) };
}

function signatures(change: Partial<Signatures> = {}): Signatures {
  return { keys: [key(1, KEY)], mode: "enforce", windowSeconds: 5, ...change };
}

interface Wish {
  readonly secret: string | null;
  readonly keyId?: number;
  readonly atMs?: number;
  readonly priority?: number;
  /** In whose name it was signed. */
  readonly signer?: string;
}

/** An advert of the peer as it arrives. */
function packet({ secret, keyId = 1, atMs = NOW.wallMs, priority: level = 100, signer = PEER }: Wish) {
  const ends = { source: PEER, destination: VRRP_GROUP.ipv4 };
  const advert = { kind: "v3", family: "ipv4", vrid: vrid(51), priority: priority(level) } as const;
  const pdu = emitAdvert({ ...advert, interval: centis(10), addresses: [VIP] }, ends, {
    checksum: "pseudoHeader",
    ...(secret === null ? {} : { trailer: unsignedTrailer(keyId) }),
  });
  if (secret !== null) {
    viewOf(pdu).setUint32(pdu.length - 24, Math.floor(atMs / 1000));
    viewOf(pdu).setUint16(pdu.length - 20, Math.floor(((atMs % 1000) * 2 ** 16) / 1000));
    const digest = createHmac("sha256", secret)
      .update(signedPart(pdu, { family: "ipv4", source: signer }))
      .digest();
    pdu.set(digest.subarray(0, 16), pdu.length - 16);
  }
  const parsed = parseAdvert(pdu, { family: "ipv4", ...ends, ttl: 255 });
  assert.ok(parsed.ok);
  return { family: "ipv4", source: PEER, pdu, trailer: parsed.trailer } as const;
}

const rows: readonly (readonly [SignatureRefusal | null, string, Wish, Signatures | null])[] = [
  [null, "nobody signs", { secret: null }, null],
  [null, "signed with the key", { secret: KEY }, signatures()],
  [null, "signed with a key that signs no more", { secret: KEY }, signatures({ keys: [key(2, NEW_KEY), key(1, KEY)] })],
  [
    null,
    "signed with a key that does not sign yet",
    { secret: NEW_KEY, keyId: 2 },
    signatures({ keys: [key(1, KEY), key(2, NEW_KEY)] }),
  ],
  [null, "not signed, on the way to signatures", { secret: null }, signatures({ mode: "permissive" })],
  [null, "not signed, and we do not sign either yet", { secret: null }, signatures({ mode: "receive-only" })],
  ["signed", "we have no key", { secret: KEY }, null],
  ["unsigned", "not signed", { secret: null }, signatures()],
  ["unknownKey", "a key that we do not have", { secret: NEW_KEY, keyId: 2 }, signatures()],
  ["unknownKey", "a key that was retired", { secret: KEY }, signatures({ keys: [key(2, NEW_KEY)] })],
  ["signature", "another key of the same ID", { secret: NEW_KEY }, signatures()],
  ["signature", "signed in the name of another sender", { secret: KEY, signer: "10.0.0.3" }, signatures()],
  ["signature", "wrong, on the way to signatures", { secret: NEW_KEY }, signatures({ mode: "permissive" })],
  ["signature", "wrong, and we do not sign yet", { secret: NEW_KEY }, signatures({ mode: "receive-only" })],
  ["stale", "signed an hour ago", { secret: KEY, atMs: NOW.wallMs - 3_600_000 }, signatures()],
  ["stale", "signed in an hour", { secret: KEY, atMs: NOW.wallMs + 3_600_000 }, signatures()],
];

for (const [reason, name, wish, ours] of rows) {
  test(`an advert is ${reason === null ? "heard" : `dropped as ${reason}`}: ${name}`, () => {
    const verdict = checkSignature(packet(wish), ours, new ReplayWindow(), NOW);
    assert.equal(verdict.ok ? null : verdict.reason, reason);
    if (verdict.ok) return;
    assert.match(verdict.text, /10\.0\.0\.2/);
    assert.doesNotMatch(verdict.text, /key of at least/);
  });
}

test("clocks that are apart by more than half the window are told, before an advert is dropped for it", async () => {
  for (const [aheadMs, words] of [
    [0, null],
    [2_500, null],
    [-2_500, null],
    [
      2_600,
      "10.0.0.2 signs with a time 3 s ahead of ours; with more than 5 s (auth_window) its adverts may be dropped",
    ],
    [-4_000, "10.0.0.2 signs with a time 4 s behind ours; with more than 5 s (auth_window) its adverts may be dropped"],
  ] as const) {
    const bench = new Bench(null, signatures());
    bench.runner.place(placement, false);
    await bench.clock.pass(5_000);
    const { pdu } = packet({ secret: KEY, atMs: bench.wallMs + aheadMs });
    const ends = { family: "ipv4", source: PEER, destination: VRRP_GROUP.ipv4 } as const;
    bench.desk.advert({ kind: "advert", untold: 0, atMs: bench.clock.nowMs(), ifIndex: 7, ...ends, ttl: 255, pdu });
    assert.deepEqual(bench.desk.drops, {});
    const told = bench.reports.find((report) => report.kind === "alarm" && report.reason === "clock-differs");
    assert.equal(told?.kind === "alarm" ? told.text : null, words, String(aheadMs));
  }
});

test("an advert is dropped as replayed when it comes again, and a bad one moves no mark", () => {
  const replays = new ReplayWindow();
  const check = (wish: Wish) => {
    const verdict = checkSignature(packet(wish), signatures(), replays, NOW);
    return verdict.ok ? "heard" : verdict.reason;
  };
  assert.equal(check({ secret: NEW_KEY, atMs: NOW.wallMs + 4_000 }), "signature");
  assert.equal(check({ secret: KEY }), "heard");
  assert.equal(check({ secret: KEY }), "replayed");
  assert.equal(check({ secret: KEY, atMs: NOW.wallMs + 100 }), "heard");
});

test("a signature ties every byte of the PDU down", () => {
  const { pdu } = packet({ secret: KEY });
  for (let offset = 0; offset < pdu.length; offset += 1) {
    if (offset === 6 || offset === 7) continue;
    const forged = pdu.slice();
    forged[offset] = (forged[offset] ?? 0) ^ 1;
    // Whatever the checksum says: it is not what keeps attackers out.
    const { trailer } = packet({ secret: KEY });
    const hmac = forged.slice(-16);
    const verdict = checkSignature(
      { family: "ipv4", source: PEER, pdu: forged, trailer: trailer === null ? null : { ...trailer, hmac } },
      signatures(),
      new ReplayWindow(),
      NOW,
    );
    assert.equal(verdict.ok ? null : verdict.reason, "signature", `byte ${String(offset)}`);
  }
});

test("a group with keys hears nothing without: adverts of any priority change no state, and are told", async () => {
  const bench = new Bench(null, signatures());
  bench.runner.place(placement, false);
  await bench.clock.pass(5_000);
  const before = bench.runner.state.counters;
  for (const wish of [{ secret: null }, { secret: NEW_KEY }, { secret: KEY, atMs: 0 }]) {
    for (const level of [255, 0, 1]) {
      const { pdu } = packet({ ...wish, priority: level });
      const ends = { family: "ipv4", source: PEER, destination: VRRP_GROUP.ipv4 } as const;
      bench.desk.advert({ kind: "advert", untold: 0, atMs: bench.clock.nowMs(), ifIndex: 7, ...ends, ttl: 255, pdu });
    }
  }
  await bench.clock.pass(5_000);
  assert.equal(bench.runner.state.phase.kind, "holder");
  assert.deepEqual(bench.runner.state.speakers, {});
  assert.equal(bench.runner.state.counters.conflicts, before.conflicts);
  assert.deepEqual(bench.desk.drops, { unsigned: 3, signature: 3, stale: 3 });
  const alarms = bench.reports.flatMap((report) => (report.kind === "alarm" ? [report.text] : []));
  assert.match(alarms.join("\n"), /10\.0\.0\.2 does not sign its adverts: its adverts are dropped \(unsigned\)/);
});

test("a signed advert of a peer is heard, and its key and clock are remembered", async () => {
  const bench = new Bench(null, signatures());
  bench.runner.place(placement, false);
  await bench.clock.pass(5_000);
  const { pdu } = packet({ secret: KEY, atMs: bench.wallMs + 1_500 });
  const ends = { family: "ipv4", source: PEER, destination: VRRP_GROUP.ipv4 } as const;
  bench.desk.advert({ kind: "advert", untold: 0, atMs: bench.clock.nowMs(), ifIndex: 7, ...ends, ttl: 255, pdu });
  assert.deepEqual(bench.desk.drops, {});
  const { keyId, aheadMs } = bench.desk.peer(bench.runner, PEER) ?? assert.fail("not heard");
  assert.deepEqual([keyId, aheadMs], [1, 1500]);
});
