/**
 * What a person gets to read when pgvip cannot do what it was asked for: each case its own message and exit code, and how a
 * missing package or capability is to be had.
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, readdirSync, symlinkSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import type { CommandResult } from "../../lab/command.js";
import type { Host } from "../../lab/host.js";
import { Lab } from "../../lab/network.js";
import { until } from "../../lab/wait.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

describe("pgvip run", () => {
  let lab: Lab;
  let host: Host;

  before(async () => {
    lab = await Lab.create([{ name: "one", addresses: ["10.9.0.1/24"] }]);
    host = lab.host("one");
  });

  after(async () => {
    await lab.close();
  });

  function words(...args: readonly string[]): string[] {
    const own = ["--socket", `${host.directory}/pgvip.sock`, "--state-directory", `${host.directory}/state`];
    return [`${root}dist/main.js`, "run", ...own, ...args];
  }

  function run(...args: readonly string[]): Promise<CommandResult> {
    return host.exec(process.execPath, words(...args), { timeoutMs: 15_000 });
  }

  it("refuses a VIP outside every subnet", async () => {
    const { code, stderr } = await run("--vip", "192.0.2.7/24");
    assert.equal(code, 2);
    assert.match(stderr, /no interface of this node has a subnet with 192\.0\.2\.7/);
  });

  it("refuses this node's own address", async () => {
    const { code, stderr } = await run("--vip", "10.9.0.1/24");
    assert.equal(code, 2);
    assert.match(stderr, /10\.9\.0\.1.*own address/);
  });

  it("refuses a label that does not fit the interface", async () => {
    const { code, stderr } = await run("--vip", "10.9.0.100/24", "--label", "eth1:1");
    assert.equal(code, 2);
    assert.match(stderr, /eth1:1.*eth0/);
  });

  for (const [dropped, missing] of [
    ["net_raw", "CAP_NET_RAW"],
    ["net_admin", "CAP_NET_ADMIN"],
  ] as const) {
    it(`tells that ${missing} is missing, and nothing else`, async () => {
      const command = [`--bounding-set=-${dropped}`, process.execPath, ...words("--vip", "10.9.0.100/24")];
      const { code, stderr } = await host.exec("setpriv", command, { timeoutMs: 15_000 });
      assert.equal(code, 4);
      assert.match(stderr, new RegExp(`needs ${missing}: run it as root`));
    });
  }

  it("waits for an interface that does not exist yet, says so, and refuses a second agent", async () => {
    const agent = host.spawn(process.execPath, words("--vip", "10.9.0.100/24", "--interface", "later0"), {
      log: "agent",
    });
    await until("it waits", () =>
      readFileSync(`${host.directory}/agent.log`, "utf8").includes("later0 does not exist"),
    );
    const { code, stderr } = await run("--vip", "10.9.0.100/24");
    assert.equal(code, 5);
    assert.match(stderr, new RegExp(`${host.directory}/pgvip\\.sock`));
    await host.exec("ip", ["link", "add", "later0", "type", "veth", "peer", "name", "later1"]);
    await host.exec("ip", ["address", "add", "10.9.1.1/24", "dev", "later0"]);
    await host.exec("ip", ["link", "set", "later1", "up"]);
    await host.exec("ip", ["link", "set", "later0", "up"]);
    await until("it found the interface", () =>
      readFileSync(`${host.directory}/agent.log`, "utf8").includes("the interface is ready"),
    );
    assert.equal((await agent.stop()).code, 0);
  });

  it("says how to get the native addon", async () => {
    const copy = `${host.directory}/copy`;
    mkdirSync(copy);
    for (const name of ["dist", "package.json"]) cpSync(root + name, `${copy}/${name}`, { recursive: true });
    symlinkSync(`${root}node_modules`, `${copy}/node_modules`);
    const args = [`${copy}/dist/main.js`, ...words("--vip", "10.9.0.100/24").slice(1)];
    // A run under sanitizers has an addon of its own by this variable.
    const env = { PGVIP_PREBUILD: "" };
    const { code, stderr } = await host.exec(process.execPath, args, { timeoutMs: 15_000, env });
    assert.equal(code, 3);
    assert.match(stderr, /npm rebuild pgvip/);
  });
});

describe("without the optional package raw-socket", () => {
  let lab: Lab;
  let host: Host;
  let copy: string;
  const hint = /optional package raw-socket is missing; .*\(cd \S+\/copy && npm install --no-save raw-socket@\d/;

  before(async () => {
    lab = await Lab.create([{ name: "one", addresses: ["10.9.0.1/24"] }]);
    host = lab.host("one");
    copy = `${host.directory}/copy`;
    mkdirSync(`${copy}/node_modules`, { recursive: true });
    for (const name of ["dist", "package.json", "build/Release/pgvip.node"]) {
      cpSync(root + name, `${copy}/${name}`, { recursive: true });
    }
    for (const name of readdirSync(`${root}node_modules`)) {
      if (name !== "raw-socket") symlinkSync(`${root}node_modules/${name}`, `${copy}/node_modules/${name}`);
    }
  });

  after(async () => {
    await lab.close();
  });

  function pgvip(...args: readonly string[]): Promise<CommandResult> {
    return host.exec(process.execPath, [`${copy}/dist/main.js`, ...args], { timeoutMs: 30_000 });
  }

  it("ping says how to get it, and what to measure without it", async () => {
    const { code, stdout, stderr } = await pgvip("ping", "10.9.0.1", "--for", "200ms");
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, hint);
    assert.match(stderr, /; or measure with --tcp PORT$/m);
  });

  it("ping measures with TCP alone, and says that it does", async () => {
    const { stdout, stderr } = await pgvip("ping", "10.9.0.1", "--tcp", "5432", "--for", "200ms", "--json");
    assert.match(stderr, /^no ICMP: /m);
    assert.match(stderr, hint);
    const { probes } = v.parse(v.object({ probes: v.array(v.object({ name: v.string() })) }), JSON.parse(stdout));
    assert.deepEqual(
      probes.map(({ name }) => name),
      ["tcp 5432"],
    );
  });

  it("doctor advises how to get it, and finds the addon", async () => {
    const { stdout } = await pgvip("doctor", "--vip", "10.9.0.100/24", "--listen", "100ms");
    assert.match(stdout, /the optional package raw-socket cannot be used/);
    assert.match(stdout.replaceAll(/\s+/g, " "), hint);
    assert.match(stdout, /the agent does without it/);
    assert.doesNotMatch(stdout, /no native addon/);
  });
});
