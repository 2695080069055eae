/**
 * Patroni is stopped for longer than any lease, under a VIP that should stay: the cluster is in Patroni's maintenance mode and
 * the holder is paused. With real PostgreSQL and Patroni, because what these do in maintenance mode is what counts.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PgvipAgents } from "../../lab/agents.js";
import { Scene } from "../../lab/scene.js";
import { vip, vipCidr } from "../../lab/topology.js";
import { sleep, until } from "../../lab/wait.js";
import type { GroupStatus } from "../../src/status.js";

/** Longer than `silence_timeout` and the leader lock's lease. */
const ABSENCE_MS = 22_000;

describe("maintenance with a real Patroni", () => {
  const agents = new PgvipAgents({ vips: [vipCidr] });
  let scene: Scene;

  before(async () => {
    scene = await Scene.open({
      backend: "postgres",
      postgres: { pace: { ttlSeconds: 20, loopWaitSeconds: 2, retryTimeoutSeconds: 3 } },
    });
    for (const node of scene.topology.nodes) await agents.start(node);
    await scene.watch.holder(await scene.cluster.waitHealthy());
  });

  after(async () => {
    await scene.close();
  });

  function group(node: string): Promise<GroupStatus> {
    return agents.group(scene.cluster.node(node));
  }

  async function pausePatroni(node: string, pause: boolean): Promise<void> {
    await scene.cluster.ask(node, "PATCH", "/config", { body: JSON.stringify({ pause }) });
    await until("Patroni says so", async () => (await group(node)).patroni.paused === pause);
  }

  it("keeps the VIP while Patroni is away", async () => {
    const leader = await scene.cluster.leader();
    const host = scene.cluster.node(leader);
    await pausePatroni(leader, true);
    const paused = await agents.command(host, ["pause"]);
    assert.equal(paused.code, 0, paused.stderr);
    const before = scene.watch.changes.length;
    await scene.cluster.stopPatroni(leader);
    await sleep(ABSENCE_MS);
    assert.equal((await group(leader)).state, "lameDuck");
    const write = ["-U", "postgres", "-h", vip, "postgres", "-c", "create table during_maintenance ()"];
    const written = await scene.topology.client.exec("psql", write, { timeoutMs: 15_000 });
    assert.equal(written.code, 0, written.stderr);
    await scene.cluster.startPatroni(leader);
    await until("the holder has its right again", async () => (await group(leader)).state === "holder");
    await pausePatroni(leader, false);
    assert.equal((await agents.command(host, ["resume"])).code, 0);
    await scene.cluster.waitHealthy();
    assert.deepEqual(scene.watch.changes.slice(before), []);
  });
});
