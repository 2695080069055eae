/** What several faults do. */
import { until } from "../../../lab/wait.js";
import type { Host } from "../../../lab/host.js";
import type { Plot } from "../fault.js";

export function leaderHost({ stage, leader }: Plot): Host {
  return stage.cluster.node(leader);
}

export async function startManager(plot: Plot): Promise<void> {
  await plot.stage.manager.start(leaderHost(plot));
}

/**
 * Waits until another node leads and has the VIP, alone or not: a system that leaves it on the old node as well is to be
 * measured, not waited for.
 */
export async function succeeded({ stage, leader, other }: Plot): Promise<void> {
  await until(
    "another leader",
    async () => (await stage.cluster.currentLeader()) !== leader && stage.watch.holders.includes(other),
    {
      timeoutMs: 90_000,
    },
  );
}
