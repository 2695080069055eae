/** Programs of an operator that hang in the middle of a fail-over: the VIP moves, and answers, while they still run. */
import assert from "node:assert/strict";
import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { PgvipAgents } from "../../lab/agents.js";
import { firstEchoFrom } from "../../lab/findings.js";
import type { Host } from "../../lab/host.js";
import { Scene } from "../../lab/scene.js";
import { Stage } from "../../lab/stage.js";
import { vipCidr } from "../../lab/topology.js";
import { until } from "../../lab/wait.js";

describe("hooks that hang", () => {
  let scene: Scene;
  let stage: Stage;
  let notes: string;

  before(async () => {
    scene = await Scene.open({ backend: "stand-in" });
    const [first] = scene.topology.nodes;
    assert.ok(first !== undefined);
    notes = first.directory;
    const hook = `${notes}/hang.sh`;
    // Its process stays the one that is noted.
    writeFileSync(hook, `#!/bin/sh\n: > "${notes}/hook-$PGVIP_EVENT-$$"\nexec sleep 600\n`);
    chmodSync(hook, 0o755);
    const file = `${notes}/pgvip.yml`;
    const program = `["${hook}"]`;
    writeFileSync(
      file,
      `vips: [{address: ${vipCidr}}]\non_acquire: ${program}\non_release: ${program}\nhook_timeout: 10m\n`,
    );
    stage = await Stage.on(scene, new PgvipAgents({ vips: [], extra: ["--config", file] }));
  });

  after(async () => {
    await scene.close();
  });

  /** Programs that run for this event on the node now. */
  async function hanging(node: Host, event: string): Promise<number> {
    const alive = new Set(await node.pids());
    const noted = readdirSync(notes).flatMap((name) => new RegExp(`^hook-${event}-(\\d+)$`).exec(name)?.[1] ?? []);
    return noted.filter((pid) => alive.has(Number(pid))).length;
  }

  it("hold up neither a fail-over nor the one after it", async () => {
    const first = await stage.cluster.waitHealthy();
    const before = stage.cluster.node(first);
    await until("the first holder's program hangs", async () => (await hanging(before, "acquire")) === 1);

    const there = await stage.measure(
      () => stage.cluster.stopPatroni(first),
      () => stage.moved(first),
    );
    const second = there.leader;
    assert.deepEqual(stage.watch.holders, [second]);
    assert.notEqual(firstEchoFrom(there.records, there.breakMs, second), null);
    const beyond = stage.cluster.node(second);
    await until("the next holder's program hangs", async () => (await hanging(beyond, "acquire")) === 1);
    assert.equal(await hanging(before, "acquire"), 1, "the old holder's program has not ended: nobody waited for it");
    assert.equal(await hanging(before, "release"), 0, "programs run one after the other");

    await stage.cluster.startPatroni(first);
    await stage.cluster.waitHealthy();
    const back = await stage.measure(
      () => stage.cluster.switchover(second, first),
      () => stage.moved(second),
    );
    assert.deepEqual(stage.watch.holders, [first]);
    assert.notEqual(firstEchoFrom(back.records, back.breakMs, first), null);
    assert.deepEqual([await hanging(before, "acquire"), await hanging(beyond, "acquire")], [1, 1]);
  });
});
