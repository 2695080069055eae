/**
 * Many fail-overs in one pair of agents: the stand-ins of Patroni exchange their roles at an order, again and again, and what
 * the agents have of the machine is looked at after each few.
 */
import { type PgvipAgents } from "../../lab/agents.js";
import { Scene } from "../../lab/scene.js";
import { StandInCluster } from "../../lab/stand-in-cluster.js";
import { sleep } from "../../lab/wait.js";
import { type Sample, sampleOf } from "./holdings.js";

export interface SoakPlan {
  readonly agents: PgvipAgents;
  readonly failOvers: number;
  readonly sampleEvery: number;
  readonly progress: (done: number) => void;
}

export interface SoakResult {
  readonly node: string;
  readonly samples: readonly Sample[];
}

/** A fail-over is over when the other node has the VIP; this bounds a soak that goes wrong. */
const patienceMs = 10_000;

export async function soak({ agents, failOvers, sampleEvery, progress }: SoakPlan): Promise<readonly SoakResult[]> {
  const scene = await Scene.open({ backend: "stand-in" });
  try {
    const { cluster, topology, watch } = scene;
    if (!(cluster instanceof StandInCluster)) throw new Error("only stand-ins change their roles at an order");
    let from = await cluster.waitHealthy();
    for (const node of topology.nodes) await agents.start(node);
    await watch.holder(from, patienceMs);
    const results = topology.nodes.map((node) => ({ host: node, node: node.name, samples: [] as Sample[] }));
    for (let done = 1; done <= failOvers; done += 1) {
      const to = scene.otherThan(from);
      cluster.lie(from, "replica");
      await sleep(150);
      cluster.lie(to, "primary");
      await watch.holder(to, patienceMs);
      from = to;
      // The former holder has let go, and its last words have been said.
      await sleep(250);
      if (done % sampleEvery !== 0) continue;
      for (const { host, samples } of results) {
        const [agent] = agents.processes(host);
        if (agent === undefined) throw new Error(`the agent on ${host.name} has ended`);
        samples.push(sampleOf(agent.pid));
      }
      progress(done);
    }
    return results.map(({ node, samples }) => ({ node, samples }));
  } finally {
    await scene.close();
  }
}
