/** The runner carries out what the core orders, in order, and brings outcomes back. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Observation } from "../../src/core/observation.js";
import type { Report } from "../../src/core/types.js";
import type { Patroni } from "../../src/ports/patroni.js";
import { GroupRunner } from "../../src/shell/group-runner.js";
import { type Drop, PacketDesk } from "../../src/shell/packet-desk.js";
import { macAddress } from "../../src/wire/addresses.js";
import { gratuitousRequest } from "../../src/wire/arp.js";
import { centis, priority, vrid } from "../../src/wire/units.js";
import { VRRP_GROUP, emitAdvert } from "../../src/wire/vrrp.js";
import { defaultSettings, status } from "../core/transcript.js";
import { FakeNetwork, ManualClock, settle } from "./fake-network.js";

const VIP = "10.0.0.100";
const OWN = "10.0.0.1";
const placement = {
  ifIndex: 7,
  name: "eth0",
  mac: macAddress("02:00:00:00:00:01"),
  sources: { ipv4: OWN, ipv6: null, ipv6Global: null },
};

class Bench {
  readonly clock = new ManualClock();
  readonly network = new FakeNetwork(this.clock);
  readonly reports: Report[] = [];
  readonly dropped: Drop[] = [];
  readonly runner: GroupRunner;
  readonly desk: PacketDesk;
  observation: Observation = answer(true);
  listened = 0;

  constructor(peers: readonly string[] | null = null) {
    const patroni: Patroni = {
      health: () => {
        const sentAtMs = this.clock.nowMs();
        return Promise.resolve({ sentAtMs, answeredAtMs: sentAtMs, observation: this.observation });
      },
      settings: () => Promise.resolve({ kind: "unavailable", detail: "not asked" }),
      members: () => Promise.resolve([]),
      close: () => undefined,
    };
    this.runner = new GroupRunner(
      {
        name: VIP,
        path: "/primary",
        settings: { ...defaultSettings, vips: [VIP] },
        speech: {
          vips: [{ family: "ipv4", address: VIP, prefixLength: 24 }],
          label: "eth0:1",
          advertIntervalMs: 100,
          dialect: { kind: "v3", checksum: "pseudoHeader" },
          peers,
          destroySockets: true,
          kernelLeaseSeconds: 2,
        },
      },
      {
        clock: this.clock,
        patroni,
        orders: this.network.orders,
        report: (report) => this.reports.push(report),
        routerId: () => vrid(51),
        listen: () => (this.listened += 1),
      },
    );
    this.desk = new PacketDesk([this.runner], (drop) => this.dropped.push(drop));
  }

  transitions(): string[] {
    return this.reports.flatMap((report) => (report.kind === "transition" ? [`${report.from}>${report.to}`] : []));
  }

  advert(source: string, level: number, ttl = 255): void {
    const advert = {
      kind: "v3",
      family: "ipv4",
      vrid: vrid(51),
      priority: priority(level),
      interval: centis(10),
      addresses: [VIP],
    } as const;
    const destination = VRRP_GROUP.ipv4;
    const pdu = emitAdvert(advert, { source, destination }, { checksum: "pseudoHeader" });
    this.desk.advert({
      kind: "advert",
      atMs: this.clock.nowMs(),
      ifIndex: 7,
      family: "ipv4",
      source,
      destination,
      ttl,
      pdu,
    });
  }
}

function answer(hasRole: boolean): Observation {
  return { kind: "answered", hasRole, status: status(hasRole ? "primary" : "replica", "running"), dcsSeenAtMs: null };
}

describe("a group runner", () => {
  it("takes the VIP with everything the network needs", async () => {
    const bench = new Bench();
    bench.runner.place(placement, false);
    await bench.clock.pass(10);
    assert.equal(bench.listened, 1);
    const [first] = bench.network.carriedOut;
    assert.equal(first?.kind, "takeOver");
    const { holding } = first;
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

  it("ignores the end of a lease that it no longer has", async () => {
    const bench = new Bench();
    bench.runner.place(placement, false);
    await bench.clock.pass(150);
    const holding = bench.runner.holding ?? 0;
    bench.runner.leaseEnded(holding - 1);
    assert.equal(bench.runner.state.phase.kind, "holder");
    bench.runner.leaseEnded(holding);
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
    bench.desk.advert({ kind: "advert", atMs: 0, ifIndex: 7, family: "ipv4", ...truncated });
    assert.deepEqual(bench.desk.drops, { ttl: 1, unknownPeer: 1, truncated: 1 });
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
    assert.deepEqual(bench.desk.peer(bench.runner, "10.0.0.2"), {
      ...{ version: 3, checksum: "pseudoHeader", intervalMs: 100, adverts: 1 },
    });
  });

  it("does not mix up the families of one router ID", async () => {
    const bench = new Bench();
    bench.runner.place(placement, false);
    await bench.clock.pass(10);
    const common = { vrid: vrid(51), priority: priority(100), interval: centis(10) };
    const advert = { kind: "v3", family: "ipv6", ...common, addresses: ["2001:db8::100"] } as const;
    const ends = { source: "fe80::2", destination: VRRP_GROUP.ipv6 };
    const pdu = emitAdvert(advert, ends, { checksum: "pseudoHeader" });
    bench.desk.advert({ kind: "advert", atMs: 0, ifIndex: 7, family: "ipv6", ...ends, ttl: 255, pdu });
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
