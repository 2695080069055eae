/**
 * A node with pgvip and its Patroni beside a host with a VRRP router written by others, and a client: both routers serve
 * the same VIPs under the same router ID.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { PgvipAgents } from "../../lab/agents.js";
import { Capture } from "../../lab/capture.js";
import type { Host } from "../../lab/host.js";
import { Lab } from "../../lab/network.js";
import { StandInCluster } from "../../lab/stand-in-cluster.js";
import { until } from "../../lab/wait.js";
import { HolderWatch } from "../../lab/watch.js";
import type { GroupStatus, StatusDocument } from "../../src/status.js";
import { familyOf } from "../../src/wire/addresses.js";
import { decodeFile } from "../wire/tshark.js";

export const OURS = { ipv4: "10.186.157.60", ipv6: "fd77::60" } as const;
export const THEIRS = { ipv4: "10.186.157.216", ipv6: "fd77::216" } as const;

/** While our agent is stopped, the kernel answers unicast adverts with errors that quote them. */
const ADVERTS = "vrrp && !icmp && !icmpv6";
const ADVERTISEMENTS = "icmpv6.type == 136";

/** Of the other router, whose priority is 100 and whose interval 1 s (RFC 3768 and RFC 9568 section 6.1). */
const SKEW_MS = ((256 - 100) / 256) * 1_000;
/** How much sooner a router may be that counts in hundredths of a second, and how much later on a busy machine. */
const EARLY_MS = 50;
const LATE_MS = 1_000;

export class VrrpPair {
  readonly lab: Lab;
  readonly ours: Host;
  readonly theirs: Host;
  readonly client: Host;
  readonly cluster: StandInCluster;
  /** Who has the first VIP. */
  readonly watch: HolderWatch;
  readonly agents: PgvipAgents;
  readonly #capture: Capture;
  readonly #vip: string;

  /** pgvip is configured, not started; its Patroni leads, unless it is made to lie. */
  static async open(vip: string, yaml: string): Promise<VrrpPair> {
    const lab = await Lab.create([
      { name: "ours", addresses: [`${OURS.ipv4}/24`, `${OURS.ipv6}/64`] },
      { name: "theirs", addresses: [`${THEIRS.ipv4}/24`, `${THEIRS.ipv6}/64`] },
      { name: "client", addresses: ["10.186.157.10/24", "fd77::10/64"] },
    ]);
    try {
      const [ours, client] = [lab.host("ours"), lab.host("client")];
      configure(ours, yaml);
      const watch = await HolderWatch.start(lab, vip);
      const cluster = await StandInCluster.start([ours], client, client);
      const agents = new PgvipAgents({ vips: [], extra: ["--config", configFile(ours)] });
      const capture = await Capture.start(ours, "proto 112 or (ip6 and ip6[6] == 112) or arp or icmp6");
      return new VrrpPair(vip, lab, cluster, watch, agents, capture);
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  private constructor(
    vip: string,
    lab: Lab,
    cluster: StandInCluster,
    watch: HolderWatch,
    agents: PgvipAgents,
    capture: Capture,
  ) {
    this.lab = lab;
    this.ours = lab.host("ours");
    this.theirs = lab.host("theirs");
    this.client = lab.host("client");
    this.cluster = cluster;
    this.watch = watch;
    this.agents = agents;
    this.#capture = capture;
    this.#vip = vip;
  }

  /** For the next start of our agent. */
  configure(yaml: string): void {
    configure(this.ours, yaml);
  }

  /** Makes our Patroni say that this node leads, or that it does not. */
  lead(leads: boolean): void {
    this.cluster.lie("ours", leads ? null : "replica");
  }

  status(): Promise<StatusDocument> {
    return this.agents.status(this.ours);
  }

  /** Waits for our only group to be as wanted. */
  groupWith(what: string, wanted: (group: GroupStatus) => boolean): Promise<GroupStatus> {
    return this.agents.groupWith(this.ours, what, wanted);
  }

  /** The other router has followed our priority 0 by its Skew_Time: its Active_Down_Interval is 3 s more. */
  async followedBySkew(): Promise<void> {
    const waitedMs = await this.#handOverMs();
    const after = `${waitedMs.toFixed(0)} ms, ${SKEW_MS.toFixed(0)} ms wanted`;
    assert.ok(waitedMs >= SKEW_MS - EARLY_MS && waitedMs < SKEW_MS + LATE_MS, after);
  }

  /** From our last advert of priority 0 to the next advert of the other router, as they crossed the wire. */
  async #handOverMs(): Promise<number> {
    const mac = await this.#ownMac();
    return until("the other router speaks after our priority 0", () => {
      const adverts = decodeFile(this.#capture.file, ["frame.time_epoch", "eth.src", "vrrp.prio"], ADVERTS);
      const resigned = adverts.findLastIndex(([, from, priority]) => from === mac && priority === "0");
      const next = adverts.slice(resigned + 1).find(([, from]) => from !== mac);
      const [resignedAt, nextAt] = [adverts[resigned], next].map((advert) => Number(advert?.[0]) * 1000);
      return resigned < 0 || next === undefined ? null : (nextAt ?? NaN) - (resignedAt ?? NaN);
    });
  }

  /** Wireshark's opinion about every packet that our node has sent. Returns how many adverts there were. */
  async judgePackets(): Promise<number> {
    await this.#capture.stop();
    const sent = `eth.src == ${await this.#ownMac()}`;
    const adverts = decodeFile(
      this.#capture.file,
      ["vrrp.checksum.status", "ip.checksum.status", "ip.ttl", "ipv6.hlim"],
      `${sent} && ${ADVERTS}`,
    );
    for (const [checksum, header, ttl, hopLimit] of adverts) {
      const isIpv6 = hopLimit !== "";
      assert.deepEqual([checksum, isIpv6 ? hopLimit : ttl, header], ["1", "255", isIpv6 ? "" : "1"]);
    }
    const fields = ["icmpv6.checksum.status", "ipv6.hlim"];
    const told = decodeFile(this.#capture.file, fields, `${sent} && ${ADVERTISEMENTS}`);
    for (const one of told) assert.deepEqual(one, ["1", "255"]);
    if (familyOf(this.#vip) === "ipv6") assert.ok(told.length > 0, "an IPv6 VIP was announced");
    assert.deepEqual(decodeFile(this.#capture.file, ["frame.number"], `${sent} && _ws.malformed`), []);
    assert.deepEqual(
      decodeFile(this.#capture.file, ["frame.number"], `${sent} && vrrp && _ws.expert.severity == error`),
      [],
    );
    return adverts.length;
  }

  async #ownMac(): Promise<string> {
    return (await this.ours.exec("cat", ["/sys/class/net/eth0/address"])).stdout.trim();
  }

  async close(): Promise<void> {
    await this.lab.close();
  }
}

function configFile(host: Host): string {
  return `${host.directory}/pgvip.yml`;
}

function configure(host: Host, yaml: string): void {
  writeFileSync(configFile(host), yaml);
}
