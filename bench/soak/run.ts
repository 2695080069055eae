/**
 * One pair of agents, fail-over after fail-over: two stand-ins of Patroni exchange their roles, the agents move the VIP, a
 * client's sessions through it are cut and opened again. Now and then both agents are weighed, at rest.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PgvipAgents } from "../../lab/agents.js";
import type { Host } from "../../lab/host.js";
import { Prober } from "../../lab/prober.js";
import { Scene } from "../../lab/scene.js";
import { StandInCluster } from "../../lab/stand-in-cluster.js";
import { vip, vipCidr } from "../../lab/topology.js";
import { nowMs, sleep } from "../../lab/wait.js";
import { type Sample, readResources } from "./sample.js";

export interface SoakPlan {
  readonly failOvers: number;
  readonly sampleEvery: number;
  /** Modules that are loaded into the agents as well. */
  readonly imports?: readonly string[];
  readonly onSample?: (samples: readonly Sample[], moveMs: readonly number[]) => void;
}

export interface Soak {
  readonly samples: readonly Sample[];
  /** Of each fail-over: from the new leader's order until it alone has the VIP. */
  readonly moveMs: readonly number[];
}

const hook = fileURLToPath(new URL("agent-hook.mjs", import.meta.url));
/** Longer than any fail-over here; one that takes longer ends the run. */
const patienceMs = 10_000;
/** Between two fail-overs: sometimes the announcements of the last one are over, sometimes not. */
const calmMs = { least: 20, most: 120 };
/** Longer than any exchange that is under way. */
const restMs = 400;
const never = { calmMs: 3_600_000, closeMs: 3_600_000 };
const clientProbe = {
  echo: { calmMs: 100, closeMs: 100 },
  connect: never,
  write: never,
  sessions: { count: 2, everyMs: 50 },
};

export async function soak(plan: SoakPlan): Promise<Soak> {
  const directory = mkdtempSync(join(tmpdir(), "pgvip-soak-"));
  const scene = await Scene.open({ backend: "stand-in" });
  try {
    return await play(plan, scene, directory);
  } catch (error) {
    throw new Error(`the soak ended early; last lines of the logs:\n${await scene.topology.lab.logTails(5)}`, {
      cause: error,
    });
  } finally {
    await scene.close();
    rmSync(directory, { recursive: true });
  }
}

async function play(plan: SoakPlan, scene: Scene, directory: string): Promise<Soak> {
  const { cluster, watch, topology } = scene;
  if (!(cluster instanceof StandInCluster)) throw new Error("only stand-ins change their roles at an order");
  const agents = new PgvipAgents({ vips: [vipCidr], env: environment(directory, plan.imports ?? []) });
  for (const node of topology.nodes) await agents.start(node);
  let from = await cluster.leader();
  await watch.holder(from);
  await Prober.start(topology.client, vip, cluster, clientProbe);
  const samples: Sample[] = [];
  const moveMs: number[] = [];
  for (let done = 1; done <= plan.failOvers; done += 1) {
    const to = scene.otherThan(from);
    moveMs.push(await failOver(scene, cluster, from, to));
    from = to;
    await sleep(calmMs.least + Math.random() * (calmMs.most - calmMs.least));
    if (done % plan.sampleEvery !== 0) continue;
    await sleep(restMs);
    for (const node of topology.nodes) samples.push(await weigh(agents, node, done, directory, topology.lab.name));
    plan.onSample?.(samples, moveMs);
  }
  return { samples, moveMs };
}

async function failOver(scene: Scene, cluster: StandInCluster, from: string, to: string): Promise<number> {
  cluster.lie(from, "replica");
  const orderedMs = nowMs();
  cluster.lie(to, "primary");
  await scene.watch.holder(to, patienceMs);
  const taken = scene.watch.changes.findLast(({ host, has }) => has && host === to);
  return (taken?.atMs ?? NaN) - orderedMs;
}

async function weigh(
  agents: PgvipAgents,
  node: Host,
  failOvers: number,
  directory: string,
  lab: string,
): Promise<Sample> {
  const { pid } = agents.processOn(node);
  return { node: node.name, failOvers, kept: await readResources(pid, directory, lab) };
}

function environment(directory: string, imports: readonly string[]) {
  const options = [hook, ...imports].map((path) => `--import="${path}"`);
  return { NODE_OPTIONS: options.join(" "), SOAK_DIRECTORY: directory };
}
