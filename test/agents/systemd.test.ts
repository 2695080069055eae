/** What the unit in packaging/ promises: a valid unit, few rights and enough of them, and the agent's words to systemd. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { tryCommand } from "../../lab/command.js";
import type { Host } from "../../lab/host.js";
import { Lab } from "../../lab/network.js";
import { until } from "../../lab/wait.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const unit = `${root}packaging/pgvip.service`;
const VIP = "10.9.0.100";

/** systemd-analyze's exposure, from 0 (none) to 100. */
const MAX_EXPOSURE = 25;

/** What the unit leaves of root: another user, and two capabilities. */
const UNPRIVILEGED = [
  "--reuid=65534",
  "--regid=65534",
  "--clear-groups",
  "--no-new-privs",
  "--bounding-set=-all,+net_admin,+net_raw",
  "--inh-caps=-all,+net_admin,+net_raw",
  "--ambient-caps=-all,+net_admin,+net_raw",
];

describe("under systemd", () => {
  let lab: Lab;
  let host: Host;
  let state: string;

  before(async () => {
    lab = await Lab.create([{ name: "one", addresses: ["10.9.0.1/24"] }]);
    host = lab.host("one");
    state = `${host.directory}/run`;
    mkdirSync(state);
    chmodSync(state, 0o777);
    for (let path = host.directory; path !== "/"; path = path.replace(/\/[^/]*$/, "") || "/") chmodSync(path, 0o755);
  });

  after(async () => {
    await lab.close();
  });

  const settings = (): string[] => [
    "--vip",
    `${VIP}/24`,
    "--socket",
    `${state}/pgvip.sock`,
    "--state-directory",
    state,
  ];

  /** pgvip as another user, who may be forbidden to read this tree and node where they are. */
  function pgvip(...args: readonly string[]): string[] {
    const [tree, node] = [`${host.directory}/tree`, `${host.directory}/node`];
    const bind = `mkdir -p ${tree} && touch ${node} && mount --bind "$0" ${tree} && mount --bind "$1" ${node} && shift`;
    const command = ["setpriv", ...UNPRIVILEGED, node, `${tree}/dist/main.js`, ...args];
    return ["-c", `${bind} && exec "$@"`, root, process.execPath, ...command];
  }

  it("the unit is valid, and exposes little", async () => {
    const program = `${host.directory}/pgvip`;
    writeFileSync(program, "#!/bin/sh\n");
    chmodSync(program, 0o755);
    const installed = `${host.directory}/pgvip.service`;
    writeFileSync(installed, readFileSync(unit, "utf8").replaceAll("=pgvip ", `=${program} `));
    const valid = await tryCommand("systemd-analyze", ["verify", "--man=no", "--recursive-errors=no", installed]);
    assert.deepEqual([valid.code, valid.stderr], [0, ""]);
    const args = ["security", "--offline=yes", `--threshold=${String(MAX_EXPOSURE)}`, unit];
    const exposure = await tryCommand("systemd-analyze", args);
    assert.equal(exposure.code, 0, exposure.stdout.split("\n").slice(-3).join("\n"));
  });

  it("two capabilities are enough to hold a VIP and to reset its connections", async () => {
    await host.exec("ip", ["address", "add", `${VIP}/24`, "dev", "eth0", "noprefixroute"]);
    const script = `const net = require("node:net");
      net.createServer((socket) => socket.on("error", () => process.exit(7))).listen(5432, () =>
        net.connect(5432, "${VIP}").on("error", () => undefined).on("connect", () => require("node:fs").writeFileSync("${state}/ready", "")));`;
    const server = host.spawn(process.execPath, ["-e", script], { log: "server" });
    await until("a connection to the VIP", async () => (await host.exec("test", ["-e", `${state}/ready`])).code === 0);
    const { code, stdout, stderr } = await host.exec("sh", pgvip("release", ...settings()));
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^removed ${VIP} from eth0\nconnections reset: [12]\n`));
    assert.equal((await server.exited).code, 7);
  });

  it("a user who may not ask the agent is told so, and does nothing by itself", async () => {
    const socket = `${state}/root.sock`;
    const script = `process.umask(0o177); require("node:net").createServer().listen("${socket}")`;
    const agent = host.spawn(process.execPath, ["-e", script], { log: "root" });
    await until("somebody listens", async () => (await host.exec("test", ["-S", socket])).code === 0);
    for (const command of ["status", "notify", "release"]) {
      const { code, stdout, stderr } = await host.exec("sh", pgvip(command, "--socket", socket));
      assert.deepEqual([code, stdout], [4, ""], command);
      assert.match(stderr, /^pgvip: this user may not ask the agent on .*: run it as root/m);
    }
    await agent.kill();
  });

  it("tells systemd when it is ready, alive, reloading and stopping", async () => {
    const socket = `${state}/systemd`;
    const script = `import os, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("${socket}")
os.chmod("${socket}", 0o777)
while True: print("--", s.recv(4096).decode(), flush=True)`;
    const listener = host.spawn("python3", ["-c", script], { log: "systemd" });
    const told = (): string => readFileSync(`${host.directory}/systemd.log`, "utf8");
    await until("somebody listens", async () => (await host.exec("test", ["-S", socket])).code === 0);
    const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "400000" };
    const agent = host.spawn("sh", pgvip("run", ...settings()), { log: "agent", env });
    await until("it is ready", () => /^-- READY=1\nSTATUS=10\.9\.0\.100: \w+$/m.test(told()));
    await until("it is alive", () => told().split("WATCHDOG=1").length > 2);
    const reload = await host.exec("sh", pgvip("reload", "--socket", `${state}/pgvip.sock`));
    assert.equal(reload.code, 0, reload.stderr);
    assert.match(told(), /^-- RELOADING=1\nMONOTONIC_USEC=\d+\n(?:.*\n)*-- READY=1\nSTATUS=/m);
    assert.equal((await agent.stop()).code, 0);
    await until("it stops", () => told().includes("-- STOPPING=1"));
    assert.ok(!readFileSync(`${host.directory}/agent.log`, "utf8").includes("no hints"));
    await listener.kill();
  });
});
