/** An operator's words to real agents: pause, release and resume, over fail-overs, restarts and without an agent. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { PgvipAgents } from "../../lab/agents.js";
import type { CommandResult } from "../../lab/command.js";
import { Stage } from "../../lab/stage.js";
import { vip, vipCidr } from "../../lab/topology.js";
import { until } from "../../lab/wait.js";
import type { GroupStatus } from "../../src/status.js";

describe("maintenance", () => {
  const agents = new PgvipAgents({ vips: [vipCidr], extra: ["--kernel-lease", "off"] });
  let stage: Stage;

  before(async () => {
    stage = await Stage.open({ backend: "stand-in", manager: agents });
  });

  after(async () => {
    await stage.close();
  });

  async function healthy(): Promise<{ leader: string; other: string }> {
    const leader = await stage.cluster.waitHealthy();
    await stage.watch.holder(leader);
    return { leader, other: stage.scene.otherThan(leader) };
  }

  async function pgvip(node: string, ...args: readonly string[]): Promise<CommandResult> {
    return agents.command(stage.cluster.node(node), args);
  }

  async function ordered(node: string, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await pgvip(node, ...args);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  function group(node: string): Promise<GroupStatus> {
    return agents.group(stage.cluster.node(node));
  }

  function history(node: string, ...args: readonly string[]): Promise<CommandResult> {
    const host = stage.cluster.node(node);
    return host.exec(process.execPath, [
      "dist/main.js",
      "history",
      "--state-directory",
      `${host.directory}/state`,
      ...args,
    ]);
  }

  it("a paused node does not take the VIP, says so, and takes it when it is resumed", async () => {
    const { leader, other } = await healthy();
    assert.match(await ordered(other, "pause", "--for", "10m"), new RegExp(`^${vip}: paused until 20.*; standby\n$`));
    await stage.cluster.switchover(leader, other);
    await until("the old holder has let go", () => stage.watch.holders.length === 0);
    await until("the new leader says that it may not", async () => {
      return (await group(other)).alarms.some(({ code }) => code === "withheld");
    });
    const { code, stdout } = await pgvip(other, "status");
    assert.equal(code, 1);
    assert.match(stdout, /PAUSED until 20/);
    assert.deepEqual(stage.watch.holders, []);
    assert.match(await ordered(other, "resume"), /follows Patroni/);
    await stage.watch.holder(other);
    assert.equal((await group(other)).maintenance, null);
    assert.deepEqual((await group(other)).alarms, []);
  });

  it("a released node gives the VIP up and does without it, and history tells why", async () => {
    const { leader } = await healthy();
    assert.match(await ordered(leader, "release", vip), /released until pgvip resume; standby/);
    assert.deepEqual(stage.watch.holders, []);
    await ordered(leader, "resume");
    await stage.watch.holder(leader);
    const text = await until("history is written", async () => {
      const { stdout } = await history(leader, "-n", "6");
      return stdout.includes("standby -> holder") ? stdout : null;
    });
    assert.match(text, /holder -> standby: released by the operator \(released\)/);
    assert.match(text, /took the VIP: detect [\d.]+ ms, .*announce [\d.]+ ms/);
  });

  it("maintenance that persists outlives the agent, the rest does not", async () => {
    const { leader, other } = await healthy();
    const node = stage.cluster.node(other);
    for (const [flags, expected] of [
      [[], null],
      [["--persist"], "paused"],
    ] as const) {
      await ordered(other, "pause", ...flags);
      await agents.stop(node);
      await agents.start(node);
      const { maintenance } = await agents.groupWith(node, "answers", () => true);
      assert.equal(maintenance?.mode ?? null, expected);
    }
    await ordered(other, "resume");
    await stage.watch.holder(leader);
  });

  it("refuses a VIP that no group has", async () => {
    const { leader } = await healthy();
    const { code, stderr } = await pgvip(leader, "pause", "192.0.2.1");
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`no group has the VIP 192\\.0\\.2\\.1; there is ${vip}`));
  });

  it("release without an agent takes the VIP off the interface", async () => {
    const { leader, other } = await healthy();
    const node = stage.cluster.node(leader);
    // So that nobody takes it: it must be our command that takes it away.
    await ordered(other, "pause");
    await agents.kill(node);
    assert.deepEqual(stage.watch.holders, [leader]);
    const release = (...args: readonly string[]) =>
      pgvip(leader, "release", "--vip", vipCidr, "--kernel-lease", "off", ...args);
    // After a clean stop with on_stop: keep, systemd's ExecStopPost has nothing to do.
    const clean = await node.exec(
      process.execPath,
      [
        "dist/main.js",
        "release",
        "--after-stop",
        "--vip",
        vipCidr,
        "--on-stop",
        "keep",
        "--socket",
        "/run/nobody.sock",
      ],
      { env: { SERVICE_RESULT: "success" } },
    );
    assert.equal(clean.code, 0, clean.stderr);
    assert.deepEqual(stage.watch.holders, [leader]);
    const { code, stdout, stderr } = await release("--after-stop");
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^removed ${vip} from eth0\n`));
    assert.deepEqual(stage.watch.holders, []);
    assert.match((await release()).stdout, new RegExp(`^${vip} is not on this node`));
    await agents.start(node);
    await stage.watch.holder(leader);
    assert.match((await release("--after-stop")).stdout, /^an agent runs/);
    await ordered(other, "resume");
  });

  it("refuses to take away this node's own address", async () => {
    const { other } = await healthy();
    const own = stage.cluster.node(other).address;
    const args = ["dist/main.js", "release", "--vip", `${own}/24`, "--socket", "/run/nobody.sock"];
    const { code, stderr } = await stage.cluster.node(other).exec(process.execPath, args);
    assert.equal(code, 2);
    assert.match(stderr, /own address/);
  });

  it("a line in the FIFO makes the agent ask", async () => {
    const { leader } = await healthy();
    const node = stage.cluster.node(leader);
    const fifo = `${node.directory}/notify`;
    assert.ok(existsSync(fifo));
    // Nobody special: the default lets everybody on the host give hints.
    const nobody = { user: { uid: 65534, gid: 65534 } };
    const { code } = await node.exec("sh", ["-c", `echo >${fifo}`], { ...nobody, timeoutMs: 5_000 });
    assert.equal(code, 0);
    assert.equal((await pgvip(leader, "notify")).code, 0);
  });
});
