/**
 * A node that joins a cluster whose agents speak unicast to its members: who has the VIP learns of it without disturbing
 * its own Patroni, the newcomer hears the holder, and two nodes have the VIP for a moment at most.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PgvipAgents } from "../../lab/agents.js";
import type { Host } from "../../lab/host.js";
import { Scene } from "../../lab/scene.js";
import { StandInCluster } from "../../lab/stand-in-cluster.js";
import { vipCidr } from "../../lab/topology.js";
import { nowMs, sleep, until } from "../../lab/wait.js";
import { holderTimes } from "../../lab/watch.js";

/** The agent asks for the members each half minute. */
const LEARNING = { timeoutMs: 90_000, everyMs: 250 };
/** A stranger's advert makes it ask after 5 s at the latest. */
const MAX_TOGETHER_MS = 10_000;

describe("a third node that joins", () => {
  for (const role of ["primary", "replica"] as const) {
    it(`hears who has the ${role} VIP, and is heard`, async () => {
      const agents = new PgvipAgents({ vips: [vipCidr], extra: ["--transport", "unicast", "--role", role] });
      const scene = await Scene.open({ backend: "stand-in", nodes: 3 });
      try {
        const { cluster } = scene;
        assert.ok(cluster instanceof StandInCluster);
        const [first, second, newcomer] = scene.topology.nodes as readonly [Host, Host, Host];
        cluster.unlist([newcomer.name]);
        await until("Patroni lists two members", async () => (await listed(cluster)) === 2);
        await agents.start(first);
        await agents.start(second);
        const holder = role === "primary" ? first : second;
        await scene.watch.holder(holder.name);
        // Its list of members is settled: with the newcomer it will not come by itself.
        await sleep(2_000);

        cluster.unlist([]);
        const sinceMs = nowMs();
        await agents.start(newcomer);
        await until(
          "the newcomer hears the holder, or the holder gives way to it",
          async () => {
            const heard = await holdersHeard(agents, scene.topology.nodes);
            return new Set(heard).size === 1 && heard[0] !== null && scene.watch.holders.length === 1;
          },
          LEARNING,
        );
        await sleep(2_000);
        assert.equal(scene.watch.holders.length, 1);
        if (role === "primary") assert.deepEqual(scene.watch.holders, [holder.name]);
        const { severalMs } = holderTimes(scene.watch.changes, sinceMs, nowMs());
        assert.ok(severalMs < MAX_TOGETHER_MS, `${String(severalMs)} ms`);
      } finally {
        await scene.close();
      }
    });
  }
});

async function listed(cluster: StandInCluster): Promise<number> {
  const lists = await Promise.all(cluster.nodes.map(({ name }) => cluster.ask(name, "GET", "/cluster")));
  const sizes = lists.map((reply) => (reply.kind === "answered" ? reply.body.split('"api_url"').length - 1 : 0));
  return Math.max(...sizes);
}

/** Who has the VIP, as each of these nodes knows it; `null` also for an agent that is still starting. */
async function holdersHeard(agents: PgvipAgents, nodes: readonly Host[]): Promise<readonly (string | null)[]> {
  return Promise.all(
    nodes.map(async (node) => {
      const status = await agents.statusIfAny(node);
      return status?.groups[0]?.holder?.address ?? null;
    }),
  );
}
