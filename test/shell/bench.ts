/** A group runner with its packet desk on a network in memory, its Patroni and its clock in the test's hand. */
import type { Member, Observation } from "../../src/core/observation.js";
import type { Report } from "../../src/core/types.js";
import { GroupRunner } from "../../src/shell/group-runner.js";
import { type Drop, PacketDesk } from "../../src/shell/packet-desk.js";
import { macAddress } from "../../src/wire/addresses.js";
import type { Signatures } from "../../src/wire/advert-trailer.js";
import { centis, priority, vrid } from "../../src/wire/units.js";
import { VRRP_GROUP, emitAdvert } from "../../src/wire/vrrp.js";
import { defaultSettings, status } from "../core/transcript.js";
import { FakeNetwork, ManualClock, fakePatroni } from "./fake-network.js";

export const VIP = "10.0.0.100";
export const OWN = "10.0.0.1";
export const OWN_NAME = "pg1";
export const placement = {
  ifIndex: 7,
  name: "eth0",
  mac: macAddress("02:00:00:00:00:01"),
  sources: { ipv4: OWN, ipv6: null, ipv6Global: null },
};

export class Bench {
  readonly clock = new ManualClock();
  readonly network = new FakeNetwork(this.clock);
  readonly reports: Report[] = [];
  /** The orders that had been given when each of the reports came. */
  readonly ordersBefore: (readonly string[])[] = [];
  readonly dropped: Drop[] = [];
  strangers = 0;
  readonly runner: GroupRunner;
  readonly desk: PacketDesk;
  observation: Observation = answer(true);
  /** The end of PostgreSQL's recovery; `null`: it is in none. */
  recovery: Promise<boolean> | null = null;
  /** What `/cluster` answers, and by which names it was asked for. */
  members: readonly Member[] | null = null;
  readonly clusterReads: (string | null)[] = [];
  listened = 0;
  /** Whose adverts need not be told, how long their silence may be, and until when. */
  readonly expected: (readonly [string, number, number])[] = [];
  wallMs = 1_795_000_000_000;

  constructor(peers: readonly string[] | null = null, signatures: Signatures | null = null) {
    const patroni = fakePatroni(this.clock, () => this.observation);
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
          signatures,
          peers,
          destroySockets: true,
          kernelLeaseSeconds: 2,
        },
      },
      {
        clock: this.clock,
        patroni,
        orders: this.network.orders,
        recoveryEnds: () => this.recovery,
        readCluster: (statedName) => {
          this.clusterReads.push(statedName);
          return Promise.resolve({ sentAtMs: this.clock.nowMs(), members: this.members, own: OWN_NAME });
        },
        report: (report) => {
          this.reports.push(report);
          this.ordersBefore.push(this.network.kinds());
        },
        routerId: () => vrid(51),
        listen: () => (this.listened += 1),
        expect: (_runner, ...expected) => this.expected.push(expected),
      },
    );
    this.desk = new PacketDesk({
      groups: [{ runner: this.runner }],
      onDrop: (drop) => this.dropped.push(drop),
      onStranger: () => (this.strangers += 1),
      now: () => ({ wallMs: this.wallMs, monotonicMs: this.clock.nowMs() }),
    });
  }

  transitions(): string[] {
    return this.reports.flatMap((report) => (report.kind === "transition" ? [`${report.from}>${report.to}`] : []));
  }

  alarms(): string[] {
    return this.reports.flatMap((report) => (report.kind === "alarm" ? [report.reason] : []));
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
      untold: 0,
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

export function answer(hasRole: boolean): Observation {
  return { kind: "answered", hasRole, status: status(hasRole ? "primary" : "replica", "running"), dcsSeenAtMs: null };
}
