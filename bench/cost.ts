/**
 * What the systems cost while nothing happens: processor time and memory, questions to Patroni's REST interface, and how
 * evenly adverts come, at rest and with all cores busy. Nothing else runs meanwhile: no probe, no driver's questions.
 *
 * How the cost grows with the number of groups and VIPs belongs here too: one more plan with other configurations.
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { nft } from "../lab/firewall.js";
import type { Host } from "../lab/host.js";
import { Scene, type SceneOptions } from "../lab/scene.js";
import { vipCidr } from "../lab/topology.js";
import type { VipManager } from "../lab/vip-manager.js";
import { sleep } from "../lab/wait.js";
import { Capture } from "./capture.js";
import { costOf, cpuMsOf } from "./processes.js";
import type { Cost, Jitter } from "./results.js";
import { percentile } from "./statistics.js";
import type { System } from "./systems/system.js";

export interface CostPlan {
  readonly scene: SceneOptions;
  readonly systems: readonly System[];
  /** Systems whose adverts are compared. */
  readonly advertisers: readonly System[];
  readonly restSeconds: number;
  readonly jitterSeconds: number;
  readonly progress: (text: string) => void;
}

/** Start-up, first announcements and their repeats are over. */
const settleMs = 5_000;

export async function measureCosts(plan: CostPlan): Promise<{ costs: Cost[]; jitters: Jitter[] }> {
  const scene = await Scene.open(plan.scene);
  try {
    for (const node of scene.topology.nodes) await countRestConnections(node);
    const costs: Cost[] = [];
    for (const system of plan.systems) {
      await withSystem(scene, system, async (manager) => {
        const cost = await costAtRest(scene, system, manager, plan.restSeconds);
        costs.push(cost);
        plan.progress(`cost at rest, ${system.name}: ${cost.holder.cpuPercent.toFixed(2)} % of a core on the holder`);
      });
    }
    const jitters: Jitter[] = [];
    for (const system of plan.advertisers) {
      await withSystem(scene, system, async () => {
        jitters.push(await advertJitter(scene, system, false, plan.jitterSeconds));
        jitters.push(await withBusyCores(scene, () => advertJitter(scene, system, true, plan.jitterSeconds)));
        plan.progress(`adverts, ${system.name}: ${jitters.slice(-2).map(brief).join("; ")}`);
      });
    }
    return { costs, jitters };
  } finally {
    await scene.close();
  }
}

async function withSystem(scene: Scene, system: System, work: (manager: VipManager) => Promise<void>): Promise<void> {
  const leader = await scene.cluster.waitHealthy();
  const manager = system.create();
  for (const node of scene.topology.nodes) await manager.start(node);
  if (system.usesVip) await scene.watch.holder(leader);
  await sleep(settleMs);
  await work(manager);
  for (const node of scene.topology.nodes) {
    await manager.stop(node);
    await node.exec("ip", ["address", "delete", vipCidr, "dev", "eth0"]);
  }
}

async function costAtRest(scene: Scene, system: System, manager: VipManager, seconds: number): Promise<Cost> {
  const leader = await scene.cluster.leader();
  const holder = scene.cluster.node(leader);
  const standby = scene.cluster.node(scene.otherThan(leader));
  const patroni = await patroniPid(holder);
  const read = async (node: Host) => ({
    ...costOf(manager.processes(node).map(({ pid }) => pid)),
    connections: await restConnections(node),
  });
  const patroniCpuMs = (): number => (patroni === null ? 0 : cpuMsOf(patroni));

  const before = [await read(holder), await read(standby)] as const;
  const patroniBeforeMs = patroniCpuMs();
  await sleep(seconds * 1000);
  const patroniAfterMs = patroniCpuMs();
  const after = [await read(holder), await read(standby)] as const;

  const share = (ms: number): number => ms / (seconds * 10);
  const perNode = (index: 0 | 1) => ({
    cpuPercent: share(after[index].cpuMs - before[index].cpuMs),
    rssMb: after[index].rssMb,
    restPerSecond: (after[index].connections - before[index].connections) / seconds,
  });
  return {
    system: system.name,
    holder: perNode(0),
    standby: perNode(1),
    patroniCpuPercent: share(patroniAfterMs - patroniBeforeMs),
    seconds,
  };
}

/** Adverts as the other node receives them. */
async function advertJitter(scene: Scene, system: System, busy: boolean, seconds: number): Promise<Jitter> {
  const everyMs = system.advertEveryMs;
  if (everyMs === null) throw new Error(`${system.name} sends no adverts`);
  const capture = await Capture.start(scene.cluster.node(scene.otherThan(await scene.cluster.leader())));
  await sleep(seconds * 1000);
  const adverts = (await capture.stop()).filter(({ kind, priority }) => kind === "advert" && priority !== 0);
  const deviations = adverts.slice(1).map(({ atMs }, index) => Math.abs(atMs - (adverts[index]?.atMs ?? 0) - everyMs));
  const [p50Ms, p99Ms, maxMs] = [0.5, 0.99, 1].map((share) => percentile(deviations, share));
  if (p50Ms === undefined || p99Ms === undefined || maxMs === undefined || deviations.length === 0) {
    throw new Error(`${system.name}: no adverts arrived in ${seconds} s`);
  }
  return { system: system.name, busy, everyMs, n: deviations.length, p50Ms, p99Ms, maxMs };
}

async function withBusyCores<T>({ topology }: Scene, work: () => Promise<T>): Promise<T> {
  const loops = Array.from({ length: availableParallelism() }, () =>
    topology.console.spawn("sh", ["-c", "while :; do :; done"], { log: "busy" }),
  );
  try {
    await sleep(1000);
    return await work();
  } finally {
    for (const loop of loops) await loop.kill();
  }
}

/** Counts connections to Patroni's REST interface, whoever makes them. */
async function countRestConnections(node: Host): Promise<void> {
  await nft(
    node,
    "add table inet bench",
    "add chain inet bench input { type filter hook input priority 0; }",
    "add rule inet bench input tcp dport 8008 tcp flags & (syn|ack) == syn counter",
  );
}

async function restConnections(node: Host): Promise<number> {
  const table = await nft(node, "list table inet bench");
  const packets = /counter packets (\d+)/.exec(table)?.[1];
  if (packets === undefined) throw new Error(`no counter in nft's answer: ${table}`);
  return Number(packets);
}

/** Patroni itself, without the PostgreSQL below it; `null` when a stand-in plays it. */
async function patroniPid(node: Host): Promise<number | null> {
  const isPatroni = (pid: number): boolean => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("bin/patroni\0");
  return (await node.pids()).find(isPatroni) ?? null;
}

function brief({ busy, p50Ms, p99Ms, maxMs }: Jitter): string {
  const numbers = [p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(2)).join("/");
  return `${busy ? "all cores busy" : "at rest"} p50/p99/max ${numbers} ms off`;
}
