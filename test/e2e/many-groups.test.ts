/** 64 groups in one agent on each of two nodes, as `npm run bench:growth` loads them: none is lost, and none held twice. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { Capture } from "../../bench/capture.js";
import { pgvipYaml, vipsOf } from "../../bench/growth/load.js";
import { PgvipAgents } from "../../lab/agents.js";
import type { Host } from "../../lab/host.js";
import { Scene } from "../../lab/scene.js";
import { until } from "../../lab/wait.js";

const load = { groups: 64, vips: 1 };
const all = vipsOf(load).flat().sort();
const patience = { timeoutMs: 60_000, everyMs: 100 };

describe("64 groups in one agent", () => {
  let scene: Scene;
  let leader: Host;
  let other: Host;

  before(async () => {
    scene = await Scene.open({ backend: "stand-in" });
    leader = scene.cluster.node(await scene.cluster.waitHealthy());
    other = scene.cluster.node(scene.otherThan(leader.name));
    const file = `${scene.topology.lab.directory}/groups.yaml`;
    writeFileSync(file, pgvipYaml(load));
    const agents = new PgvipAgents({ vips: [], extra: ["--config", file] });
    for (const node of [leader, other]) await agents.start(node);
  });

  after(async () => {
    await scene.close();
  });

  async function held(node: Host): Promise<string[]> {
    const { stdout } = await node.exec("ip", ["-o", "-4", "address", "show", "dev", "eth0"]);
    return [...stdout.matchAll(/inet (10\.187\.\S+)/g)].map(([, vip = ""]) => vip.replace(/(?:\/32)?$/, "/32")).sort();
  }

  /** Each VIP once: on this node, and on no other. */
  async function assertHeldBy(holder: Host, without: Host): Promise<void> {
    await until(
      `${holder.name} alone holds ${all.length} VIPs`,
      async () => (await held(holder)).length === all.length && (await held(without)).length === 0,
      patience,
    );
    assert.deepEqual(await held(holder), all);
  }

  it("are all held by the leader, and their adverts all arrive at the standby", async () => {
    await assertHeldBy(leader, other);
    const capture = await Capture.start(other);
    // Ten rounds of all groups, so that a group which is always left out is missed.
    await until("adverts", () => capture.seen >= 10 * load.groups, patience);
    const adverts = (await capture.stop()).filter(({ kind }) => kind === "advert");
    assert.equal(new Set(adverts.map(({ routerId }) => routerId)).size, load.groups);
    assert.equal(new Set(adverts.map(({ sourceMac }) => sourceMac)).size, 1, "the standby advertises as well");
  });

  it("all move to the node that takes over", async () => {
    await scene.cluster.switchover(leader.name, other.name);
    await assertHeldBy(other, leader);
  });
});
