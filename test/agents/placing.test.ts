/**
 * Where a VIP may live: also outside every subnet, and without a lease in the kernel that would mark it as ours. And that a
 * stranger who has the address is found before it is first taken.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { PgvipAgents } from "../../lab/agents.js";
import type { Host } from "../../lab/host.js";
import { Scene } from "../../lab/scene.js";
import { until } from "../../lab/wait.js";

const ROUTED_VIP = "10.99.0.1";

describe("a VIP outside every subnet, with kernel_lease: off", () => {
  const agents = new PgvipAgents({
    vips: [`${ROUTED_VIP}/32`],
    extra: ["--interface", "eth0", "--kernel-lease", "off"],
  });
  let scene: Scene;

  before(async () => {
    scene = await Scene.open({ backend: "stand-in" });
    for (const node of scene.topology.nodes) await agents.start(node);
  });

  after(async () => {
    await scene.close();
  });

  it("stays with the leader, and is not taken for the node's own address", async () => {
    const leader = scene.cluster.node(await scene.cluster.waitHealthy());
    await until("the leader has the VIP", () => isOn(leader));
    // Any change of addresses makes the agent look at the interface anew.
    await leader.exec("ip", ["address", "add", "10.98.0.1/32", "dev", "eth0"]);
    await leader.exec("ip", ["address", "delete", "10.98.0.1/32", "dev", "eth0"]);
    const { groups } = await agents.status(leader);
    assert.deepEqual(
      groups.map(({ state, counters }) => [state, counters["takeOvers"]]),
      [["holder", 1]],
    );
    assert.ok(await isOn(leader));
  });

  it("stays also while thousands of other addresses come and go", async () => {
    const leader = scene.cluster.node(await scene.cluster.waitHealthy());
    const file = `${leader.directory}/addresses`;
    for (const verb of ["add", "delete"]) {
      const lines = Array.from({ length: 4_000 }, (_, index) => {
        return `address ${verb} 10.8.${String(Math.floor(index / 250))}.${String((index % 250) + 1)}/32 dev lo\n`;
      });
      writeFileSync(file, lines.join(""));
      const { code, stderr } = await leader.exec("ip", ["-batch", file]);
      assert.equal(code, 0, stderr);
    }
    // An agent that is busy with them for longer than its lease would have let go.
    assert.equal((await agents.group(leader)).state, "holder");
    assert.doesNotMatch(readFileSync(agents.logFile(leader), "utf8"), /lease-ended/);
  });

  async function isOn(host: Host): Promise<boolean> {
    const { stdout } = await host.exec("ip", ["-brief", "address", "show", "dev", "eth0"]);
    return stdout.includes(ROUTED_VIP);
  }
});

describe("VIPs that a stranger has already", () => {
  const vips = ["10.186.157.199/24", "fd00:186::199/64"];
  let scene: Scene;

  before(async () => {
    scene = await Scene.open({ backend: "stand-in" });
  });

  after(async () => {
    await scene.close();
  });

  for (const vip of vips) {
    it(`are taken by the leader, which names the stranger: ${vip}`, async () => {
      const agents = new PgvipAgents({ vips: [vip], extra: ["--interface", "eth0"] });
      const leader = scene.cluster.node(await scene.cluster.waitHealthy());
      const { client } = scene.topology;
      await client.exec("ip", ["address", "add", vip, "dev", "eth0", ...(vip.includes(":") ? ["nodad"] : [])]);
      await agents.start(leader);
      const { stdout: mac } = await client.exec("cat", ["/sys/class/net/eth0/address"]);
      await agents.groupWith(leader, "has the VIP, and an alarm that names the stranger", ({ state, alarms }) => {
        return state === "holder" && alarms.some(({ code, text }) => code === "conflict" && text.includes(mac.trim()));
      });
      assert.ok(readFileSync(agents.logFile(leader), "utf8").includes(`${mac.trim()} answers for `));
      await agents.stop(leader);
      await client.exec("ip", ["address", "delete", vip, "dev", "eth0"]);
    });
  }
});
