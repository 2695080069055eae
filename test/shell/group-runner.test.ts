/** The runner carries out what the core orders, in order, and brings outcomes back. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Observation } from "../../src/core/observation.js";
import { macAddress } from "../../src/wire/addresses.js";
import { gratuitousRequest } from "../../src/wire/arp.js";
import { centis, priority, vrid } from "../../src/wire/units.js";
import { VRRP_GROUP, emitAdvert } from "../../src/wire/vrrp.js";
import { status } from "../core/transcript.js";
import { Bench, OWN, OWN_NAME, VIP, answer, placement } from "./bench.js";
import { settle } from "./fake-network.js";

describe("a group runner", () => {
  it("takes the VIP with everything the network needs", async () => {
    const bench = new Bench();
    bench.runner.place(placement, false);
    await bench.clock.pass(10);
    assert.equal(bench.listened, 1);
    // Nobody has been heard yet: a stranger gets the time to answer.
    assert.deepEqual(bench.network.kinds(), ["sendFrames"]);
    await bench.clock.pass(50);
    const [, taken] = bench.network.carriedOut;
    assert.equal(taken?.kind, "takeOver");
    const { holding } = taken;
    assert.equal(holding.ifIndex, 7);
    assert.deepEqual(holding.addresses, [
      {
        family: "ipv4",
        address: VIP,
        prefixLength: 24,
        label: "eth0:1",
        broadcast: "10.0.0.255",
        deprecated: false,
        noPrefixRoute: true,
      },
    ]);
    assert.equal(holding.announcements.length, 2);
    assert.deepEqual(
      holding.adverts.map(({ source, destination }) => [source, destination]),
      [[OWN, VRRP_GROUP.ipv4]],
    );
    assert.equal(holding.adverts[0]?.pdu[2], 254);
    assert.equal(holding.resignations[0]?.pdu[2], 0);
    assert.deepEqual(bench.transitions(), ["starting>standby", "standby>holder"]);
  });

  it("takes over at the end of recovery, and tells of it only then", async () => {
    const bench = new Bench();
    bench.observation = answer(false);
    bench.runner.place(placement, false);
    await bench.clock.pass(100);
    bench.advert("10.0.0.2", 254);
    let end: (ended: boolean) => void = () => undefined;
    bench.recovery = new Promise((resolve) => (end = resolve));
    bench.observation = { ...answer(false), hasRole: true } as Observation;
    await bench.clock.pass(150);
    bench.advert("10.0.0.2", 1);
    await bench.clock.pass(50);
    // It was rehearsed by now, which orders nothing and changes nothing.
    assert.ok(!bench.network.kinds().includes("takeOver"));
    assert.equal(bench.runner.state.phase.kind, "standby");
    end(true);
    await settle();
    assert.equal(bench.network.kinds().filter((kind) => kind === "takeOver").length, 1);
    const told = bench.reports.findIndex((report) => report.kind === "transition" && report.reason === "recovery-over");
    assert.ok(bench.ordersBefore[told]?.includes("takeOver"));
  });

  it("hears every advert from when it has the VIP, which goes before", async () => {
    const bench = new Bench();
    bench.runner.place(placement, false);
    await bench.clock.pass(100);
    assert.equal(bench.runner.state.phase.kind, "holder");
    const heeds = () => bench.network.carriedOut.filter(({ kind }) => kind === "heedAdverts");
    assert.deepEqual(bench.network.kinds().slice(0, 3), ["sendFrames", "takeOver", "heedAdverts"]);
    const [heed] = heeds();
    assert.ok(heed?.kind === "heedAdverts");
    assert.deepEqual([heed.ifIndex, heed.routerId], [placement.ifIndex, 51]);
    // Whatever it becomes then, nothing is expected until it is a standby again.
    await bench.clock.pass(500);
    bench.observation = answer(false);
    await bench.clock.pass(300);
    bench.advert("10.0.0.2", 254);
    await bench.clock.pass(100);
    assert.equal(bench.runner.state.phase.kind, "standby");
    assert.equal(heeds().length, 1);
    bench.advert("10.0.0.2", 254);
    assert.equal(bench.expected.at(-1)?.[0], "10.0.0.2");
    bench.runner.displace("eth0 has no carrier");
    assert.equal(heeds().length, 2);
  });

  it("renews the lease as long as it holds, and not after it has let go", async () => {
    const bench = new Bench();
    bench.runner.place(placement, false);
    await bench.clock.pass(1_000);
    const renewals = bench.network.kinds().filter((kind) => kind === "renew").length;
    assert.ok(renewals >= 3, String(renewals));
    await bench.runner.stop("release");
    bench.network.carriedOut.length = 0;
    await bench.clock.pass(2_000);
    assert.deepEqual(bench.network.kinds(), []);
  });

  it("becomes a lame duck, and yields to a claim", async () => {
    const bench = new Bench();
    bench.runner.place(placement, false);
    await bench.clock.pass(500);
    bench.observation = answer(false);
    await bench.clock.pass(200);
    const advertise = bench.network.carriedOut.find(({ kind }) => kind === "advertise");
    assert.equal(advertise?.kind === "advertise" && advertise.adverts[0]?.pdu[2], 1);
    bench.advert("10.0.0.2", 254);
    await settle();
    assert.ok(bench.network.kinds().includes("release"));
    assert.equal(bench.runner.holding, null);
  });

  it("reads /cluster when another holder goes on, and yields to the leader that it names", async () => {
    const bench = new Bench();
    bench.observation = {
      kind: "answered",
      hasRole: true,
      status: { ...status("primary", "running"), name: OWN_NAME },
      dcsSeenAtMs: null,
    };
    const untold = { state: "running", host: null, port: null, apiUrl: null, timeline: 1, lagBytes: null };
    bench.members = [
      { name: OWN_NAME, role: "replica", ...untold },
      { name: "pg2", role: "leader", ...untold },
    ];
    bench.runner.place(placement, false);
    await bench.clock.pass(1_500);
    for (let times = 0; times < 3; times += 1) {
      assert.equal(bench.runner.state.phase.kind, "holder");
      bench.advert("10.0.0.2", 254);
      await bench.clock.pass(150);
    }
    assert.deepEqual(bench.clusterReads, [OWN_NAME], "once, by the name that Patroni has told");
    assert.ok(bench.network.kinds().includes("release"));
    assert.equal(bench.runner.state.phase.kind, "standby");
  });

  it("reports a refused address and tries again", async () => {
    const bench = new Bench();
    bench.network.failure = { call: "RTM_NEWADDR", errno: "EPERM", detail: VIP };
    bench.runner.place(placement, false);
    await bench.clock.pass(100);
    assert.equal(bench.runner.state.phase.kind, "fault");
    bench.network.failure = null;
    await bench.clock.pass(1_100);
    assert.equal(bench.runner.state.phase.kind, "holder");
  });

  it("tries again to remove what it may not have and the kernel will not remove", async () => {
    const bench = new Bench();
    bench.observation = answer(false);
    bench.runner.place(placement, false);
    await bench.clock.pass(100);
    bench.network.failure = { call: "RTM_DELADDR", errno: "EPERM", detail: VIP };
    bench.runner.dispatch({ kind: "addressAppeared", vip: VIP });
    await bench.clock.pass(900);
    const removals = () => bench.network.kinds().filter((kind) => kind === "removeAddresses").length;
    assert.equal(removals(), 1);
    assert.ok(bench.alarms().includes("address-stuck"));
    await bench.clock.pass(1_000);
    assert.equal(removals(), 2);
    bench.network.failure = null;
    await bench.clock.pass(5_000);
    assert.equal(removals(), 3, "done with the third");
    assert.equal(bench.alarms().filter((reason) => reason === "address-stuck").length, 1);
  });

  it("does not try again when only a session was left", async () => {
    const bench = new Bench();
    bench.runner.place(placement, false);
    await bench.clock.pass(500);
    bench.network.failure = { call: "SOCK_DESTROY", errno: "EPERM", detail: "" };
    await bench.clock.pass(10);
    bench.observation = answer(false);
    bench.runner.displace("eth0 has no carrier");
    await bench.clock.pass(3_000);
    assert.ok(bench.network.kinds().includes("release"));
    assert.ok(!bench.network.kinds().includes("removeAddresses"));
  });

  it("ignores the end of a lease that it no longer has", async () => {
    const bench = new Bench();
    bench.runner.place(placement, false);
    await bench.clock.pass(150);
    const holding = bench.runner.holding ?? 0;
    bench.runner.leaseEnded(holding - 1, null);
    assert.equal(bench.runner.state.phase.kind, "holder");
    bench.runner.leaseEnded(holding, null);
    assert.equal(bench.runner.state.phase.kind, "standby");
  });

  it("puts the VIP in again when the interface gets another hardware address", async () => {
    const bench = new Bench();
    bench.runner.place(placement, false);
    await bench.clock.pass(100);
    bench.network.carriedOut.length = 0;
    bench.runner.place({ ...placement, mac: macAddress("02:00:00:00:00:99") }, true);
    await bench.clock.pass(1);
    const [order] = bench.network.carriedOut;
    assert.equal(order?.kind, "takeOver");
    assert.equal(order.holding.announcements[0]?.[11], 0x99);
  });

  it("lets go when the interface is lost, and removes a left-over that is not ours", async () => {
    const bench = new Bench();
    bench.runner.place(placement, false);
    await bench.clock.pass(150);
    bench.runner.displace("eth0 has no carrier");
    assert.ok(bench.network.kinds().includes("release"));
    bench.observation = answer(false);
    bench.runner.place(placement, true);
    await bench.clock.pass(150);
    assert.ok(bench.network.kinds().includes("removeAddresses"));
  });
});

describe("the packet desk", () => {
  it("names each drop", async () => {
    const bench = new Bench(["10.0.0.2"]);
    bench.runner.place(placement, false);
    await bench.clock.pass(10);
    bench.advert("10.0.0.2", 254, 64);
    bench.advert("10.0.0.3", 254);
    const truncated = { source: "10.0.0.2", destination: OWN, ttl: 255, pdu: Uint8Array.of(0x31) };
    bench.desk.advert({ kind: "advert", untold: 0, atMs: 0, ifIndex: 7, family: "ipv4", ...truncated });
    assert.deepEqual(bench.desk.drops, { ttl: 1, unknownPeer: 1, truncated: 1 });
    assert.equal(bench.strangers, 1);
    assert.deepEqual(bench.runner.state.speakers, {});
    assert.deepEqual(
      bench.dropped.map(({ reason, from, count }) => [reason, from, count]),
      [
        ["ttl", "10.0.0.2", 1],
        ["unknownPeer", "10.0.0.3", 1],
        ["truncated", "10.0.0.2", 1],
      ],
    );
    const alarms = bench.reports.filter(({ kind }) => kind === "alarm");
    assert.deepEqual(alarms, [
      {
        kind: "alarm",
        reason: "advert-refused",
        text:
          "10.0.0.2 uses our virtual router ID in adverts that are not sound: TTL or hop limit 64, wanted 255: " +
          "its adverts are dropped (ttl)",
      },
    ]);
    await bench.clock.pass(30_000);
    bench.advert("10.0.0.3", 254);
    const last = bench.reports.filter(({ kind }) => kind === "alarm").at(-1);
    assert.equal(
      last?.kind === "alarm" && last.text,
      "10.0.0.3 sends adverts, but is none of the peers (10.0.0.2): its adverts are dropped (unknownPeer)",
    );
  });

  it("remembers how a peer speaks", async () => {
    const bench = new Bench();
    bench.runner.place(placement, false);
    await bench.clock.pass(10);
    bench.advert("10.0.0.2", 100);
    const note = bench.desk.peer(bench.runner, "10.0.0.2");
    assert.deepEqual(
      { ...note, advert: null },
      {
        ...{ version: 3, checksum: "pseudoHeader", intervalMs: 100, adverts: 1, keyId: null, aheadMs: null },
        advert: null,
      },
    );
  });

  it("counts what it listened to, and who gave up", async () => {
    const bench = new Bench(["10.0.0.2"]);
    assert.deepEqual(bench.desk.heard(bench.runner), { all: 0, resignations: 0 });
    bench.runner.place(placement, false);
    await bench.clock.pass(10);
    for (const level of [100, 100, 0]) bench.advert("10.0.0.2", level);
    bench.advert("10.0.0.3", 0);
    assert.deepEqual(bench.desk.heard(bench.runner), { all: 3, resignations: 1 });
  });

  it("does not mix up the families of one router ID", async () => {
    const bench = new Bench();
    bench.runner.place(placement, false);
    await bench.clock.pass(10);
    const common = { vrid: vrid(51), priority: priority(100), interval: centis(10) };
    const advert = { kind: "v3", family: "ipv6", ...common, addresses: ["2001:db8::100"] } as const;
    const ends = { source: "fe80::2", destination: VRRP_GROUP.ipv6 };
    const pdu = emitAdvert(advert, ends, { checksum: "pseudoHeader" });
    bench.desk.advert({ kind: "advert", untold: 0, atMs: 0, ifIndex: 7, family: "ipv6", ...ends, ttl: 255, pdu });
    assert.deepEqual(bench.desk.drops, { unknownVrid: 1 });
  });

  it("tells a claim by ARP from our own frames", async () => {
    const bench = new Bench();
    bench.runner.place(placement, false);
    await bench.clock.pass(500);
    const frame = (mac: string): Uint8Array => gratuitousRequest(VIP, macAddress(mac));
    bench.desk.neighborFrame({ kind: "neighborFrame", atMs: 0, ifIndex: 7, frame: frame("02:00:00:00:00:01") });
    await bench.clock.pass(200);
    assert.equal(bench.runner.state.counters.conflicts, 0);
    bench.desk.neighborFrame({ kind: "neighborFrame", atMs: 0, ifIndex: 7, frame: frame("02:00:00:00:00:66") });
    await bench.clock.pass(200);
    assert.equal(bench.runner.state.counters.conflicts, 1);
    assert.equal(bench.runner.state.phase.kind, "holder");
  });
});
