/** A cluster with a VIP manager on each node, a watch on the VIP and a probe at a client: what a measurement needs. */
import type { Cluster } from "./cluster.js";
import { type AddedOutage, type Findings, addedOutage, findings } from "./findings.js";
import { PostgresCluster, type PostgresOptions } from "./postgres-cluster.js";
import { Prober } from "./prober.js";
import { StandInCluster } from "./stand-in-cluster.js";
import { type Topology, createTopology, dcsAddresses, vip } from "./topology.js";
import type { VipManager } from "./vip-manager.js";
import { nowMs, sleep, until } from "./wait.js";
import { type HolderTimes, HolderWatch, holderTimes } from "./watch.js";

export interface StageOptions {
  readonly backend: "postgres" | "stand-in";
  readonly postgres?: PostgresOptions;
  readonly manager: VipManager;
}

/** What one fault did, seen from the client and from the interfaces. */
export interface Outcome {
  readonly findings: Findings;
  /** `null` when the leader stayed. */
  readonly outage: AddedOutage | null;
  readonly holders: HolderTimes;
  readonly breakMs: number;
  readonly endMs: number;
}

/** Before and after each fault, so that it has a calm beginning and end. */
const CALM_MS = 1_500;

export class Stage {
  readonly topology: Topology;
  readonly cluster: Cluster;
  readonly watch: HolderWatch;
  readonly prober: Prober;
  readonly manager: VipManager;

  /** Resolves when the leader, and nobody else, has the VIP. */
  static async open(options: StageOptions): Promise<Stage> {
    const topology = await createTopology();
    try {
      const watch = await HolderWatch.start(topology.lab, vip);
      const cluster = await startCluster(options, topology);
      const leader = await cluster.waitHealthy();
      for (const node of topology.nodes) await options.manager.start(node);
      await watch.holder(leader);
      const prober = await Prober.start(topology.client, vip, cluster);
      return new Stage(topology, cluster, watch, prober, options.manager);
    } catch (error) {
      await topology.lab.close();
      throw error;
    }
  }

  private constructor(topology: Topology, cluster: Cluster, watch: HolderWatch, prober: Prober, manager: VipManager) {
    this.topology = topology;
    this.cluster = cluster;
    this.watch = watch;
    this.prober = prober;
    this.manager = manager;
  }

  /** Does something to a cluster at rest and measures until some time after `settled` has resolved. */
  async measure(act: () => Promise<void>, settled: () => Promise<unknown>): Promise<Outcome> {
    await sleep(CALM_MS);
    const breakMs = nowMs();
    await act();
    await settled();
    await sleep(CALM_MS);
    const endMs = nowMs();
    const records = await this.prober.settled(endMs);
    const leader = await this.cluster.leader();
    return {
      findings: findings(records, { fromMs: breakMs, toMs: endMs }),
      outage: addedOutage(records, breakMs, leader),
      holders: holderTimes(this.watch.changes, breakMs, endMs),
      breakMs,
      endMs,
    };
  }

  /** Waits until a node other than `before` leads, has the VIP alone, and has taken a write through it. */
  async moved(before: string): Promise<string> {
    const sinceMs = nowMs();
    const successor = await until(
      "another leader",
      async () => {
        const leader = await this.cluster.currentLeader();
        return leader === before ? null : leader;
      },
      { timeoutMs: 60_000 },
    );
    await this.watch.holder(successor);
    await until("a write through the VIP", () => addedOutage(this.prober.records, sinceMs - 5_000, successor));
    return successor;
  }

  async close(): Promise<void> {
    await this.topology.lab.close();
  }
}

function startCluster({ backend, postgres }: StageOptions, { nodes, dcs, console }: Topology): Promise<Cluster> {
  return backend === "postgres"
    ? PostgresCluster.start(nodes, dcs, dcsAddresses, console, postgres)
    : StandInCluster.start(nodes, dcs, console);
}
