/** A new configuration for running agents: what stays is not touched, what is wrong changes nothing. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { PgvipAgents } from "../../lab/agents.js";
import type { CommandResult } from "../../lab/command.js";
import type { Host } from "../../lab/host.js";
import { Scene } from "../../lab/scene.js";
import { vip } from "../../lab/topology.js";
import { until } from "../../lab/wait.js";
import type { StatusDocument } from "../../src/status.js";

const SECOND = "10.186.157.200";
const THIRD = "10.186.157.201";

describe("reload", () => {
  let scene: Scene;
  let agents: PgvipAgents;
  let file: string;
  let leader: Host;

  before(async () => {
    scene = await Scene.open({ backend: "stand-in" });
    leader = scene.cluster.node(await scene.cluster.waitHealthy());
    file = `${scene.topology.client.directory}/pgvip.yml`;
    configure([`{address: ${vip}/24}`]);
    agents = new PgvipAgents({ vips: [], extra: ["--config", file] });
    for (const node of scene.topology.nodes) await agents.start(node);
    await scene.watch.holder(leader.name);
  });

  after(async () => {
    await scene.close();
  });

  function configure(vips: readonly string[], more = ""): void {
    writeFileSync(file, `vips:\n${vips.map((entry) => `  - ${entry}\n`).join("")}${more}`);
  }

  function reload(): Promise<CommandResult> {
    return agents.command(leader, ["reload"]);
  }

  async function reloaded(): Promise<string> {
    const { code, stdout, stderr } = await reload();
    assert.equal(code, 0, stderr);
    return stdout;
  }

  async function groups(): Promise<StatusDocument["groups"]> {
    return (await agents.status(leader)).groups;
  }

  async function addresses(): Promise<readonly string[]> {
    const { stdout } = await leader.exec("ip", ["-o", "-4", "address", "show", "dev", "eth0"]);
    return [vip, SECOND, THIRD].filter((address) => stdout.includes(` ${address}/`));
  }

  /** Whatever is done, the first VIP is not given up for a moment. */
  async function untouched(act: () => Promise<void>): Promise<void> {
    const before = scene.watch.changes.length;
    const releases = (await groups()).find(({ name }) => name.includes(vip))?.counters["releases"];
    await act();
    assert.deepEqual(scene.watch.changes.slice(before), []);
    assert.equal((await groups()).find(({ name }) => name.includes(vip))?.counters["releases"], releases);
  }

  it("changes timers without taking the VIP again", async () => {
    await untouched(async () => {
      const [before] = await groups();
      configure([`{address: ${vip}/24, poll_interval: 50ms, hold_timeout: 7s}`]);
      assert.equal(await reloaded(), `kept: ${vip}\n`);
      const [now] = await groups();
      assert.equal(now?.counters["takeOvers"], before?.counters["takeOvers"]);
      assert.equal(now?.since.slice(0, 19), before?.since.slice(0, 19));
    });
  });

  it("changes adverts of a holder", async () => {
    await untouched(async () => {
      configure([`{address: ${vip}/24, advert_interval: 200ms, priority: 200, router_id: 77}`]);
      await reloaded();
      const [group] = await groups();
      assert.equal(group?.routerId, 77);
      assert.equal(group.holder?.priority, 200);
      await heard((line) => line.includes("vrid 77, prio 200"));
    });
  });

  it("adds a VIP to a group and takes it away, and the other stays", async () => {
    await untouched(async () => {
      // Without a kernel lease nothing but the agent takes an address away.
      configure([`{address: [${vip}/24, ${SECOND}/24], kernel_lease: off}`]);
      assert.equal(await reloaded(), `kept: ${vip},${SECOND}\n`);
      await until("both are here", async () => (await addresses()).length === 2);
      configure([`{address: ${vip}/24, kernel_lease: off}`]);
      assert.equal(await reloaded(), `kept: ${vip}\n`);
      await until("the first alone is here", async () => (await addresses()).join() === vip);
    });
  });

  it("adds a group and takes it away, and the other stays", async () => {
    await untouched(async () => {
      configure([`{address: ${vip}/24}`, `{address: ${THIRD}/24}`]);
      assert.equal(await reloaded(), `kept: ${vip}\nnew: ${THIRD}\n`);
      await until("both are here", async () => (await addresses()).includes(THIRD));
      configure([`{address: ${vip}/24, interface: eth0}`]);
      assert.equal(await reloaded(), `kept: ${vip}\nreleased: ${THIRD}\n`);
      assert.deepEqual(await addresses(), [vip]);
    });
  });

  it("names what only a restart can change, and does the rest", async () => {
    await untouched(async () => {
      configure([`{address: ${vip}/25, label: "eth0:7", priority: 99}`], "metrics: 127.0.0.1:9799\n");
      const text = await reloaded();
      assert.match(text, /unchanged until a restart: metrics, the prefix length of 10\.186\.157\.199, the label of/);
      assert.equal((await groups())[0]?.holder?.priority, 99);
    });
  });

  it("says why an invalid file changes nothing", async () => {
    await untouched(async () => {
      configure([`{address: ${vip}/24, priority: 300}`, `{adress: ${SECOND}/24}`]);
      const { code, stderr } = await reload();
      assert.equal(code, 2);
      assert.match(stderr, /priority is 300/);
      assert.match(stderr, /adress is unknown/);
      assert.equal((await groups())[0]?.holder?.priority, 99);
    });
  });

  it("refuses what does not fit this host", async () => {
    await untouched(async () => {
      configure([`{address: [${vip}/24, ${leader.address}/24]}`, `{address: 192.0.2.1/24}`]);
      const { code, stderr } = await reload();
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(`${leader.address}/24 is this node's own address`));
      assert.match(stderr, /no interface of this node has a subnet with 192\.0\.2\.1/);
      configure([`{address: ${vip}/24}`], "hook_user: nobody-of-this-name\n");
      assert.match((await reload()).stderr, /hook_user is nobody-of-this-name; wanted a user of this host/);
    });
  });

  it("listens to SIGHUP, and tells the log", async () => {
    await untouched(async () => {
      const log = () => readFileSync(agents.logFile(leader), "utf8");
      configure([`{address: ${vip}/24, priority: bad}`]);
      agents.processOn(leader).signal("SIGHUP");
      await until("it is refused", () => log().includes("SIGHUP") && log().includes('priority is \\"bad\\"'));
      configure([`{address: ${vip}/24, priority: 123}`]);
      agents.processOn(leader).signal("SIGHUP");
      await until("it is in force", async () => (await groups())[0]?.holder?.priority === 123);
    });
  });

  it("asks Patroni at once when it is notified", async () => {
    configure([`{address: ${vip}/24, poll_interval: 10s, lease: 60s}`]);
    await reloaded();
    const answered = async () => Date.parse((await groups())[0]?.patroni.answeredAt ?? "");
    // Asked by itself, it would take 30 s.
    for (let hint = 0; hint < 3; hint += 1) {
      const before = await answered();
      await leader.exec("sh", ["-c", `echo >${leader.directory}/notify`], { timeoutMs: 5_000 });
      await until("a new answer", async () => (await answered()) > before + 5, { timeoutMs: 5_000 });
    }
  });

  async function heard(fits: (line: string) => boolean): Promise<void> {
    const args = ["-n", "-i", "eth0", "-c", "20", "-v", "vrrp"];
    await until("such adverts", async () => {
      const { stdout } = await scene.topology.client.exec("tcpdump", args, { timeoutMs: 10_000 });
      return stdout.split("\n").some(fits);
    });
  }
});
