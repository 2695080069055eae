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

/** How long a system may need to follow its cluster; one that never does is to be measured, not waited for. */
const followMs = 30_000;

/** Waits until another node leads, and has the VIP, alone or not. */
export async function succeeded({ stage, leader, other }: Plot): Promise<void> {
  const led = async (): Promise<boolean> => (await stage.cluster.currentLeader()) === other;
  await until(`${other} leads instead of ${leader}`, led, { timeoutMs: 90_000 });
  const follows = (): boolean => stage.watch.holders.includes(other);
  await until(`${other} has the VIP`, follows, { timeoutMs: followMs }).catch(() => undefined);
}
