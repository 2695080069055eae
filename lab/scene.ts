/** A cluster in a lab of its own, and a watch on who has the VIP: where VIP managers are put to work. */
import type { Cluster } from "./cluster.js";
import { PostgresCluster, type PostgresOptions } from "./postgres-cluster.js";
import type { Backend } from "./preflight.js";
import { StandInCluster, type StandInOptions } from "./stand-in-cluster.js";
import { createTopology, dcsAddresses, type Topology, vip } from "./topology.js";
import { HolderWatch } from "./watch.js";

export interface SceneOptions {
  readonly backend: Backend;
  /** Two without this. */
  readonly nodes?: 2 | 3;
  readonly postgres?: PostgresOptions;
  readonly standIn?: StandInOptions;
  /** Told of each part as soon as it is there, for an audience that does not want to wait for the whole. */
  readonly onPart?: (part: ScenePart) => void;
}

export type ScenePart =
  | { readonly kind: "topology"; readonly topology: Topology }
  | { readonly kind: "watch"; readonly watch: HolderWatch }
  | { readonly kind: "cluster"; readonly cluster: Cluster };

export class Scene {
  readonly topology: Topology;
  readonly watch: HolderWatch;
  readonly cluster: Cluster;

  /** Resolves when the cluster is healthy. */
  static async open(options: SceneOptions): Promise<Scene> {
    const tell = options.onPart ?? (() => undefined);
    const topology = await createTopology(options.nodes);
    try {
      tell({ kind: "topology", topology });
      const watch = await HolderWatch.start(topology.lab, vip);
      tell({ kind: "watch", watch });
      const cluster = await startCluster(options, topology);
      tell({ kind: "cluster", cluster });
      await cluster.waitHealthy();
      return new Scene(topology, watch, cluster);
    } catch (error) {
      await topology.lab.close();
      throw error;
    }
  }

  private constructor(topology: Topology, watch: HolderWatch, cluster: Cluster) {
    this.topology = topology;
    this.watch = watch;
    this.cluster = cluster;
  }

  /** A node that is not the one named: in a cluster of two, the other. */
  otherThan(node: string): string {
    const found = this.topology.nodes.find(({ name }) => name !== node);
    if (found === undefined) throw new Error(`the cluster has no node besides ${node}`);
    return found.name;
  }

  async close(): Promise<void> {
    await this.topology.lab.close();
  }
}

function startCluster(
  { backend, postgres, standIn }: SceneOptions,
  { nodes, dcs, console }: Topology,
): Promise<Cluster> {
  return backend === "postgres"
    ? PostgresCluster.start(nodes, dcs, dcsAddresses, console, postgres)
    : StandInCluster.start(nodes, dcs, console, standIn);
}
