/** Puts one system with one load on two nodes, and measures both nodes' cost and the evenness of every group's adverts. */
import { writeFileSync } from "node:fs";
import { PgvipAgents } from "../../lab/agents.js";
import type { Host } from "../../lab/host.js";
import { Keepalived } from "../../lab/keepalived.js";
import { type Scene } from "../../lab/scene.js";
import { type ProcessVipManager } from "../../lab/vip-manager.js";
import { nowMs, sleep, until } from "../../lab/wait.js";
import { Capture, type WireEvent } from "../capture.js";
import { costOf } from "../processes.js";
import { percentile } from "../statistics.js";
import { type Load, advertEveryMs, keepalivedConf, pgvipYaml } from "./load.js";

export type SystemName = "pgvip" | "keepalived";

export interface Measured extends Load {
  readonly system: SystemName;
  /** From the start of both nodes' programs to the last VIP. */
  readonly startMs: number;
  readonly holder: NodeCost;
  readonly standby: NodeCost;
  /** How far adverts of one group are from their interval, as the standby receives them, milliseconds. */
  readonly jitter: { readonly n: number; readonly p50: number; readonly p99: number; readonly max: number };
}

export interface NodeCost {
  readonly cpuPercent: number;
  readonly rssMb: number;
}

/** Start-up, first announcements and their repeats are over. */
const SETTLE_MS = 5_000;
const START_MS = 60_000;

export async function measure(scene: Scene, system: SystemName, load: Load, seconds: number): Promise<Measured> {
  const leader = scene.cluster.node(await scene.cluster.waitHealthy());
  const other = scene.cluster.node(scene.otherThan(leader.name));
  const manager =
    system === "pgvip" ? agents(scene, load) : new Keepalived(system, (node) => keepalivedConf(load, node));
  const beganMs = nowMs();
  // The leader first: keepalived's instances of equal priority then stay where they are.
  for (const node of [leader, other]) await manager.start(node);
  const wanted = load.groups * load.vips;
  await until(`${system} holds ${String(wanted)} VIPs`, async () => (await held(leader)) === wanted, {
    timeoutMs: START_MS,
  });
  const startMs = nowMs() - beganMs;
  await sleep(SETTLE_MS);
  const [holder, standby] = await costs(manager, [leader, other], seconds);
  const jitter = await jitterAt(other, load, seconds);
  for (const node of [other, leader]) await manager.stop(node);
  await until("the VIPs are gone", async () => (await held(leader)) + (await held(other)) === 0, {
    timeoutMs: START_MS,
  });
  return { system, ...load, startMs, holder, standby, jitter };
}

function agents({ topology }: Scene, load: Load): PgvipAgents {
  const file = `${topology.lab.directory}/growth.yaml`;
  writeFileSync(file, pgvipYaml(load));
  return new PgvipAgents({ vips: [], extra: ["--config", file] });
}

async function held(node: Host): Promise<number> {
  const { stdout } = await node.exec("ip", ["-o", "-4", "address", "show", "dev", "eth0"]);
  return stdout.split("\n").filter((line) => line.includes("inet 10.187.")).length;
}

async function costs(
  manager: ProcessVipManager,
  [holder, standby]: readonly [Host, Host],
  seconds: number,
): Promise<readonly [NodeCost, NodeCost]> {
  const read = (node: Host) => costOf(manager.processes(node).map(({ pid }) => pid));
  const before = [read(holder), read(standby)] as const;
  await sleep(seconds * 1000);
  const after = [read(holder), read(standby)] as const;
  const cost = (index: 0 | 1): NodeCost => ({
    cpuPercent: (after[index].cpuMs - before[index].cpuMs) / (seconds * 10),
    rssMb: after[index].rssMb,
  });
  return [cost(0), cost(1)];
}

async function jitterAt(node: Host, { groups }: Load, seconds: number): Promise<Measured["jitter"]> {
  const capture = await Capture.start(node);
  await sleep(seconds * 1000);
  const adverts = (await capture.stop()).filter(({ kind, priority }) => kind === "advert" && priority !== 0);
  const deviations = deviationsOf(adverts);
  const heard = new Set(adverts.map(({ routerId }) => routerId)).size;
  if (heard !== groups) throw new Error(`adverts of ${String(heard)} groups arrived instead of ${String(groups)}`);
  const at = (share: number): number => percentile(deviations, share);
  return { n: deviations.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** From the interval, of each two adverts of one group that follow each other. */
export function deviationsOf(adverts: readonly WireEvent[]): number[] {
  const last = new Map<number | null, number>();
  return adverts.flatMap(({ routerId, atMs }) => {
    const before = last.get(routerId);
    last.set(routerId, atMs);
    return before === undefined ? [] : [Math.abs(atMs - before - advertEveryMs)];
  });
}
