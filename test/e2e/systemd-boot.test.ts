/** The unit in packaging/ under a real systemd: ready, reloaded, restarted, killed, stopped dead, and stopped. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Host } from "../../lab/host.js";
import { Scene } from "../../lab/scene.js";
import { SystemdHost } from "../../lab/systemd-host.js";
import { vip, vipCidr } from "../../lab/topology.js";
import { until } from "../../lab/wait.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const CONFIG = "/etc/pgvip/pgvip.yml";
const config = (...vips: readonly string[]): string =>
  `on_stop: keep\nvips:\n${vips.map((cidr) => `  - address: ${cidr}\n`).join("")}`;

describe("the unit under systemd as pid 1", () => {
  let scene: Scene;
  let host: Host;
  let systemd: SystemdHost;
  const closing: (() => Promise<void>)[] = [];

  before(async () => {
    scene = await Scene.open({ backend: "stand-in" });
    closing.unshift(() => scene.close());
    host = scene.topology.nodes[0]!;
    systemd = await SystemdHost.boot(host);
    closing.unshift(() => systemd.close());
    // The unit's user may be forbidden to read this tree and Node.js where they are.
    await systemd.exec("mkdir", ["-p", "/opt/pgvip"]);
    for (const name of ["dist", "build", "package.json", "node_modules"]) {
      await systemd.copy(`${root}${name}`, "/opt/pgvip/");
    }
    await systemd.copy(process.execPath, "/opt/pgvip/node");
    await systemd.write(
      "/usr/local/bin/pgvip",
      '#!/bin/sh\nexec /opt/pgvip/node /opt/pgvip/dist/main.js "$@"\n',
      "755",
    );
    await systemd.write("/etc/systemd/system/pgvip.service", readFileSync(`${root}packaging/pgvip.service`, "utf8"));
    await systemd.write(CONFIG, config(vipCidr));
    // What an agent on this machine may have left there is not for a user that is made for the time it runs.
    await systemd.exec("rm", ["-rf", "/var/lib/pgvip"]);
    await systemd.exec("systemctl", ["daemon-reload"]);
  });

  after(async () => {
    for (const close of closing) await close();
  });

  function systemctl(...args: readonly string[]) {
    return systemd.exec("systemctl", [...args, "pgvip.service"]);
  }

  async function property(name: string): Promise<string> {
    return (await systemd.exec("systemctl", ["show", "--value", "--property", name, "pgvip.service"])).stdout.trim();
  }

  async function journal(): Promise<string> {
    return (await systemd.exec("journalctl", ["--unit", "pgvip", "--no-pager", "--output", "cat"])).stdout;
  }

  async function has(address: string): Promise<boolean> {
    const { stdout } = await host.exec("ip", ["-o", "address", "show", "dev", "eth0"]);
    return stdout.includes(` ${address}/`);
  }

  it("is started when the agent says that it is ready, as a user of its own", async () => {
    const { code, stderr } = await systemctl("start");
    assert.equal(code, 0, `${stderr}${await journal()}`);
    assert.deepEqual([await property("ActiveState"), await property("SubState")], ["active", "running"]);
    await until("the VIP", () => has(vip));
    await until("the status line", async () => (await property("StatusText")) === `${vip}: holder`);
    const pid = await property("MainPID");
    const status = (await systemd.exec("cat", [`/proc/${pid}/status`])).stdout;
    assert.doesNotMatch(status, /^Uid:\s+0\s/m);
    // CAP_NET_ADMIN and CAP_NET_RAW.
    assert.match(status, /^CapBnd:\s+0000000000003000$/m);
  });

  it("is reloaded, and stays as it is when the new configuration is wrong", async () => {
    const other = "10.186.157.198";
    await systemd.write(CONFIG, config(vipCidr, `${other}/24`));
    assert.equal((await systemctl("reload")).code, 0);
    await until("the second VIP", () => has(other));
    await systemd.write(CONFIG, "vipps: 1\n");
    assert.equal((await systemctl("reload")).code, 1);
    assert.equal(await property("ActiveState"), "active");
    assert.ok((await has(vip)) && (await has(other)));
    await systemd.write(CONFIG, config(vipCidr));
    assert.equal((await systemctl("reload")).code, 0);
    await until("it is gone again", async () => !(await has(other)));
    assert.ok(await has(vip));
  });

  it("is restarted without letting go of the VIP: the next agent adopts it", async () => {
    const losses = (): number =>
      scene.watch.changes.filter(({ host: name, has: holds }) => name === host.name && !holds).length;
    const before = losses();
    assert.equal((await systemctl("restart")).code, 0);
    await until("the agent has adopted it", async () => /"reason":"adopted"/.test(await journal()));
    assert.ok(await has(vip));
    assert.equal(losses(), before);
  });

  it("takes the VIP off when the agent was killed, and starts it again", async () => {
    const pid = await property("MainPID");
    await systemctl("kill", "--signal=KILL");
    await until("the VIP is taken off", async () => (await journal()).includes(`removed ${vip} from eth0`));
    await until("another agent", async () => ![pid, "0"].includes(await property("MainPID")));
    await until("the VIP is back", () => has(vip));
  });

  it("ends an agent that stands still, and starts it again", async () => {
    const [pid, restarts] = [await property("MainPID"), Number(await property("NRestarts"))];
    await systemctl("kill", "--signal=STOP");
    await until("the kernel takes the VIP off", async () => !(await has(vip)));
    await until("the watchdog", async () => Number(await property("NRestarts")) > restarts, { timeoutMs: 60_000 });
    await until("another agent", async () => ![pid, "0"].includes(await property("MainPID")));
    await until("the VIP is back", () => has(vip));
  });

  it("stops, and does not try a wrong configuration again", async () => {
    assert.equal((await systemctl("stop")).code, 0);
    assert.equal(await property("Result"), "success");
    await until("the kernel lease is over", async () => !(await has(vip)));
    await systemd.write(CONFIG, "vipps: 1\n");
    assert.equal((await systemctl("start")).code, 1);
    assert.deepEqual([await property("ExecMainStatus"), await property("ActiveState")], ["2", "failed"]);
  });
});
