/** `pgvip support-bundle` on a node of the lab: whole with an agent, useful without one, and free of planted secrets. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { PgvipAgents } from "../../lab/agents.js";
import { tryCommand } from "../../lab/command.js";
import type { Host } from "../../lab/host.js";
import { Scene } from "../../lab/scene.js";
import { vipCidr } from "../../lab/topology.js";
import { statusSchema } from "../../src/status.js";
import * as v from "valibot";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

describe("pgvip support-bundle", () => {
  const agents = new PgvipAgents({ vips: [vipCidr] });
  let scene: Scene;
  let node: Host;

  before(async () => {
    scene = await Scene.open({ backend: "stand-in" });
    node = scene.topology.nodes[0]!;
    await agents.start(node);
    await scene.watch.holder(node.name);
  });

  after(async () => {
    await scene.close();
  });

  function own(): string[] {
    return ["--socket", `${node.directory}/pgvip.sock`, "--state-directory", `${node.directory}/state`];
  }

  /** Makes a bundle and gives its files by their names. */
  async function bundle(
    name: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<ReadonlyMap<string, string>> {
    const file = `${node.directory}/${name}.tar.gz`;
    const { code, stdout, stderr } = await node.exec(process.execPath, [program, "support-bundle", file, ...args], {
      env,
    });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${file}\n`);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const directory = `${node.directory}/${name}`;
    mkdirSync(directory);
    const unpacked = await tryCommand("tar", ["-xzf", file, "-C", directory]);
    assert.equal(unpacked.code, 0, unpacked.stderr);
    const [folder, ...others] = readdirSync(directory);
    assert.deepEqual(others, []);
    const names = readdirSync(`${directory}/${folder!}`);
    return new Map(names.map((one) => [one, readFileSync(`${directory}/${folder!}/${one}`, "utf8")]));
  }

  it("has all of it while the agent runs", async () => {
    const files = await bundle("running", ["--vip", vipCidr, ...own()]);
    const text = (name: string): string => files.get(name) ?? assert.fail(`${name} is missing`);
    assert.match(
      text("versions.txt"),
      /^pgvip \d+\.\d+\.\d+\naddon Node-API \d+.*\nNode\.js \d+.*\nkernel \d+.*\nsystem .*\nPatroni 3\.0\.2\n/,
    );
    assert.match(
      text("configuration.txt"),
      /^The configuration is valid\.\n\n(.*\n)*vips\[0\]\.address = 10\.186\.157\.199\/24 {4}--vip\n/,
    );
    const status = v.parse(statusSchema, JSON.parse(text("status.json")));
    assert.equal(status.groups[0]?.state, "holder");
    assert.match(text("history.jsonl"), /"to":"holder"/);
    assert.match(text("doctor.txt"), /^ok +patroni +/m);
    assert.ok(files.has("journal.txt") && files.has("README.txt"));
    for (const name of files.keys()) assert.ok(text("README.txt").includes(name) || name === "README.txt", name);
  });

  it("has no secret in it, wherever one was planted, and whatever else is wrong", async () => {
    const secrets = [
      "planted-password",
      "planted1",
      "planted-environment",
      "planted-argument",
      "planted-unknown",
      "planted-url",
      "planted-key-of-thirty-two-characters-and-more",
      `planted-key-in-a-file-${"k".repeat(32)}`,
    ];
    const keyFile = `${node.directory}/vrrp-2.key`;
    writeFileSync(keyFile, `planted-key-in-a-file-${"k".repeat(32)}\n`, { mode: 0o600 });
    const yaml = `${node.directory}/secrets.yml`;
    writeFileSync(
      yaml,
      `patroni:
  url: http://joe:planted-url@127.0.0.1:8008
  username: joe
  password: planted-password
  # planted-url, in a comment
  pasword: planted-unknown
vips:
  - address: ${vipCidr}
    vrrp_version: 2
    auth_pass: planted1
    auth_keys: ["1=planted-key-of-thirty-two-characters-and-more", "2=file:${keyFile}"]
on_acquire: [/bin/true, --token, planted-argument]
`,
    );
    // What an agent or a hook could have said about them.
    const state = `${node.directory}/leaky`;
    mkdirSync(state);
    const text = `a hook said ${secrets.join(" ")}, and http://joe:planted-elsewhere@10.0.0.1/`;
    const entry = { at: new Date().toISOString(), group: "10.186.157.199", kind: "notice", reason: "hook", text };
    writeFileSync(`${state}/history.jsonl`, `${JSON.stringify(entry)}\n`);
    const args = ["--config", yaml, "--socket", `${node.directory}/pgvip.sock`, "--state-directory", state];
    const files = await bundle("secrets", args, { PGVIP_PATRONI_PASSWORD: "planted-environment" });
    for (const [name, content] of files) assert.doesNotMatch(content, /planted/, name);
    assert.match(files.get("history.jsonl") ?? "", /a hook said \(secret\) \(secret\)/);
    assert.match(
      files.get("configuration.txt") ?? "",
      /NOT valid[^]*patroni\.pasword[^]*patroni\.password = \(set, not shown\)/,
    );
    assert.match(files.get("doctor.txt") ?? "", /not there: the configuration is not valid/);
  });

  it("does without an agent, Patroni, history, a log and rights", async () => {
    await agents.stop(node);
    await scene.cluster.stopPatroni(node.name);
    const args = ["--vip", vipCidr, "--socket", `${node.directory}/pgvip.sock`, "--state-directory", "/nowhere"];
    const files = await bundle("down", args, { PATH: "/bin:/nowhere" });
    assert.match(files.get("status.json") ?? "", /^not there: no agent answers on /);
    assert.match(files.get("history.jsonl") ?? "", /^not there: no history: ENOENT/);
    assert.match(files.get("versions.txt") ?? "", /^Patroni not there: refused/m);
    assert.match(files.get("doctor.txt") ?? "", /^ERROR +patroni +/m);
  });

  it("does not overwrite anything, and gathers nothing when it could not be written", async () => {
    const taken = `${node.directory}/taken.tar.gz`;
    writeFileSync(taken, "precious");
    for (const [file, why] of [
      [taken, /EEXIST/],
      ["/nowhere/bundle.tar.gz", /ENOENT/],
    ] as const) {
      const { code, stderr } = await node.exec(process.execPath, [program, "support-bundle", file, "--vip", vipCidr]);
      assert.equal(code, 2);
      assert.match(stderr, /^pgvip: the bundle cannot be written: /);
      assert.match(stderr, why);
    }
    assert.equal(readFileSync(taken, "utf8"), "precious");
  });
});
