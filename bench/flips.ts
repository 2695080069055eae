/**
 * `flip`: the agent's own latency, without PostgreSQL's part. Two stand-ins of Patroni exchange their roles at an order;
 * first one loses its role, a random while later the other gets it, as in any fail-over. The clock starts when the order
 * for the second is sent and ends with the first echo that the second node answers. One echo per millisecond.
 */
import { firstEchoFrom } from "../lab/findings.js";
import { Prober } from "../lab/prober.js";
import { Scene } from "../lab/scene.js";
import { StandInCluster } from "../lab/stand-in-cluster.js";
import { vip } from "../lab/topology.js";
import { nowMs, sleep, until } from "../lab/wait.js";
import type { Flip } from "./results.js";
import type { System } from "./systems/system.js";

export interface FlipsPlan {
  readonly systems: readonly System[];
  /** Of each system. */
  readonly flips: number;
  readonly progress: (text: string) => void;
}

/** So many in a row before the next system's turn. */
const blockSize = 10;
const patience = { timeoutMs: 10_000, everyMs: 5 };
/** Between two flips: the fastest of keepalived's repeats, and any lame duck, are over. */
const calmMs = 1_500;

export async function runFlips({ systems, flips, progress }: FlipsPlan): Promise<Flip[]> {
  const results: Flip[] = [];
  for (let done = 0; done < flips; done += blockSize) {
    for (const system of systems.filter(({ arenas }) => arenas.includes("flip"))) {
      const count = Math.min(blockSize, flips - done);
      const block = await flipBlock(system, done, count).catch((error: unknown) => {
        progress(`flips of ${system.name} failed: ${error instanceof Error ? error.message : String(error)}`);
        return neverAnswered(system, done, count);
      });
      results.push(...block);
      const told = block.map(({ answeredMs }) => (answeredMs === null ? "–" : answeredMs.toFixed(1)));
      progress(`flips ${done + 1} to ${done + block.length}, ${system.name}: ${told.join(" ")}`);
    }
  }
  return results;
}

/** A system that does not even start well has missed all flips of its block. */
function neverAnswered({ name }: System, done: number, count: number): Flip[] {
  const nothing = { addedMs: null, answeredMs: null };
  return Array.from({ length: count }, (_, index) => ({ system: name, round: done + index + 1, ...nothing }));
}

async function flipBlock(system: System, done: number, count: number): Promise<Flip[]> {
  const scene = await Scene.open({ backend: "stand-in" });
  try {
    const manager = system.create();
    const leader = await scene.cluster.leader();
    for (const node of scene.topology.nodes) await manager.start(node);
    await scene.watch.holder(leader);
    const { cluster } = scene;
    if (!(cluster instanceof StandInCluster)) throw new Error("only stand-ins change their roles at an order");
    for (const node of scene.topology.nodes) cluster.callBack(node.name, system.hintFifo?.(node) ?? null);
    const echo = { calmMs: 1, closeMs: 1 };
    const never = { calmMs: 3_600_000, closeMs: 3_600_000 };
    const quiet = { echo, connect: never, write: never };
    const prober = await Prober.start(scene.topology.client, vip, scene.cluster, quiet);
    const results: Flip[] = [];
    let [from, to] = [leader, scene.otherThan(leader)];
    for (let index = 1; index <= count; index += 1) {
      results.push({ system: system.name, round: done + index, ...(await flipOnce(scene, cluster, prober, from, to)) });
      [from, to] = [to, from];
    }
    return results;
  } finally {
    await scene.close();
  }
}

async function flipOnce(
  { watch }: Scene,
  cluster: StandInCluster,
  prober: Prober,
  from: string,
  to: string,
): Promise<Pick<Flip, "addedMs" | "answeredMs">> {
  await sleep(calmMs);
  cluster.lie(from, "replica");
  await sleep(200 + 200 * Math.random());
  const eligibleMs = nowMs();
  cluster.lie(to, "primary");
  const answered = await until("an echo", () => firstEchoFrom(prober.records, eligibleMs, to), patience).catch(
    () => null,
  );
  await watch.holder(to, patience.timeoutMs).catch(() => undefined);
  const added = watch.changes.find(({ atMs, host, has }) => has && host === to && atMs >= eligibleMs);
  return {
    addedMs: added === undefined ? null : added.atMs - eligibleMs,
    answeredMs: answered === null ? null : answered - eligibleMs,
  };
}
