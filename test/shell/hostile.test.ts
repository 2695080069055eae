/**
 * Whatever comes from the wire: nothing throws, and the VIP stays with the leader. Packets are noise, sound adverts with
 * forged contents, and sound ones with damage, from one seed, so a failure is the same in each run.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArp } from "../../src/wire/arp.js";
import { parseFrame } from "../../src/wire/ethernet.js";
import { parseIpv4 } from "../../src/wire/ipv4.js";
import { parseIpv6 } from "../../src/wire/ipv6.js";
import { parseNeighbor } from "../../src/wire/ndisc.js";
import { centis, priority, seconds, vrid } from "../../src/wire/units.js";
import { type Advert, emitAdvert, parseAdvert } from "../../src/wire/vrrp.js";
import { Random } from "../sim/random.js";
import { Bench, OWN, VIP, placement } from "./bench.js";

const PACKETS = 1_000_000;
/** Those that go the whole way, to the state machine and back. */
const DELIVERED = 60_000;

function noise(random: Random): Uint8Array {
  return Uint8Array.from({ length: random.whole(0, 60) }, () => random.whole(0, 255));
}

function forged(random: Random, source: string): Uint8Array {
  const common = {
    family: "ipv4",
    vrid: vrid(random.chance(0.9) ? 51 : random.whole(1, 255)),
    priority: priority(random.whole(0, 255)),
    addresses: [random.chance(0.8) ? VIP : "10.0.0.77"],
  } as const;
  const advert: Advert = random.chance(0.8)
    ? { kind: "v3", ...common, interval: centis(random.whole(1, 4095)) }
    : { kind: "v2", ...common, interval: seconds(random.whole(1, 255)), authentication: { kind: "none" } };
  return emitAdvert(advert, { source, destination: OWN }, { checksum: "pseudoHeader" });
}

function packet(random: Random, source: string): Uint8Array {
  if (random.chance(0.3)) return noise(random);
  const pdu = forged(random, source);
  if (random.chance(0.5)) pdu[random.whole(0, pdu.length - 1)] = random.whole(0, 255);
  return random.chance(0.2) ? pdu.subarray(0, random.whole(0, pdu.length)) : pdu;
}

test(`${String(PACKETS)} packets, none of which makes a parser throw`, () => {
  const random = new Random("hostile-codecs");
  for (let count = 0; count < PACKETS; count += 1) {
    const bytes = packet(random, "10.0.0.2");
    const family = random.pick(["ipv4", "ipv6"] as const);
    const [source, destination] = family === "ipv4" ? ["10.0.0.2", OWN] : ["fe80::2", "ff02::12"];
    parseAdvert(bytes, { family, source, destination, ttl: 255 });
    parseFrame(bytes);
    parseArp(bytes);
    parseNeighbor(bytes);
    parseIpv4(bytes);
    parseIpv6(bytes);
  }
});

test("the leader keeps its VIP, whatever is forged", async () => {
  const random = new Random("hostile-leader");
  const bench = new Bench();
  bench.runner.place(placement, false);
  await bench.clock.pass(10_000);
  bench.network.carriedOut.length = 0;
  for (let count = 0; count < DELIVERED; count += 1) {
    const source = `10.0.${String(random.whole(0, 3))}.${String(random.whole(2, 250))}`;
    const pdu = packet(random, source);
    const ends = { family: "ipv4", source, destination: OWN } as const;
    bench.desk.advert({ kind: "advert", untold: 0, atMs: bench.clock.nowMs(), ifIndex: 7, ...ends, ttl: 255, pdu });
    if (random.chance(0.01)) await bench.clock.pass(random.whole(1, 200));
  }
  await bench.clock.pass(10_000);
  assert.equal(bench.runner.state.phase.kind, "holder");
  const orders = new Set(bench.network.kinds());
  for (const kind of ["release", "takeOver", "removeAddresses", "abandon"]) assert.ok(!orders.has(kind), kind);
  assert.ok(bench.runner.state.counters.conflicts > 10);
  // Each reason that such packets can have was met, so the packets were not all dropped by the first check.
  const met = Object.keys(bench.desk.drops);
  for (const reason of ["checksum", "truncated", "version", "type", "otherVersion", "unknownVrid"]) {
    assert.ok(met.includes(reason), `${reason}: ${met.join(", ")}`);
  }
});
