/** `pgvip status --watch` as a person sees it, through a pseudo-terminal; and how it leaves the terminal. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { PgvipAgents } from "../../lab/agents.js";
import type { Host } from "../../lab/host.js";
import { Stage } from "../../lab/stage.js";
import { vip, vipCidr } from "../../lab/topology.js";
import { until } from "../../lab/wait.js";
import { PseudoTerminal } from "./pseudo-terminal.js";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const SIGTERM = 15;
const SIGCONT = 18;
const VIP = vip.replaceAll(".", "\\.");

describe("pgvip status --watch", () => {
  const agents = new PgvipAgents({ vips: [vipCidr] });
  const terminals: PseudoTerminal[] = [];
  let stage: Stage;

  before(async () => {
    stage = await Stage.open({ backend: "stand-in", nodes: 3, manager: agents });
  });

  after(async () => {
    for (const terminal of terminals) await terminal.kill();
    await stage.close();
  });

  function words(host: Host): string[] {
    return [process.execPath, program, "status", "--watch", "--socket", `${host.directory}/pgvip.sock`];
  }

  function open(
    host: Host,
    size: readonly [number, number],
    { prefix = [] as readonly string[], env = {} } = {},
  ): PseudoTerminal {
    const terminal = new PseudoTerminal(host, size, [...prefix, ...words(host)], env);
    terminals.push(terminal);
    return terminal;
  }

  async function leaderAndOther(): Promise<readonly [string, Host]> {
    const leader = await stage.cluster.waitHealthy();
    await stage.watch.holder(leader);
    return [leader, stage.cluster.node(stage.topology.nodes.find(({ name }) => name !== leader)!.name)];
  }

  for (const size of [
    [40, 12],
    [80, 24],
    [200, 50],
  ] as const) {
    it(`shows the VIP, all members and a ping on ${size.join("x")}`, async () => {
      const [leader, other] = await leaderAndOther();
      const terminal = open(other, size);
      await terminal.shows(new RegExp(`^${VIP}/24  not here: standby`, "m"));
      await terminal.shows(new RegExp(`^\\* ${leader}  leader, takes writes`, "m"));
      for (const { name } of stage.topology.nodes) await terminal.shows(new RegExp(`^[* ] ${name}  `, "m"));
      await terminal.shows(new RegExp(`ping ${VIP}: [\\d.]+ ms`));
      if (size[0] > 40) await terminal.shows(new RegExp(`${leader}\\s+holds\\s+the\\s+VIP,\\s+last\\s+advert`));
      assert.ok(!terminal.isOrdinary);
      terminal.type("q");
      assert.deepEqual(await terminal.ended(), { kind: "ended", status: 0, modesRestored: true });
      assert.ok(terminal.isOrdinary);
    });
  }

  it("follows the VIP to another node", async () => {
    const [leader, other] = await leaderAndOther();
    const terminal = open(other, [100, 30]);
    await terminal.shows(new RegExp(`^\\* ${leader} `, "m"));
    await stage.cluster.switchover(leader, other.name);
    await terminal.shows(/HERE: this node is the holder/);
    await terminal.shows(new RegExp(`^\\* ${other.name}  leader, takes writes`, "m"));
    await terminal.shows(new RegExp(`^\\d\\d:\\d\\d:\\d\\d  ${other.name}: leader, takes writes`, "m"));
    await terminal.shows(new RegExp(`^\\d\\d:\\d\\d:\\d\\d  ${VIP}: holder; the VIP is on this node`, "m"));
    terminal.type("\u0003");
    assert.equal((await terminal.ended()).modesRestored, true);
  });

  it("draws anew when the terminal is resized", async () => {
    const [, other] = await leaderAndOther();
    const terminal = open(other, [200, 50]);
    await terminal.shows(/what changed/);
    terminal.resize(44, 9);
    await terminal.shows(/UTC +q ends$/m);
    await until(
      "it fits",
      () => terminal.screen.every((line) => line.length <= 44) && !terminal.screen.join().includes("what changed"),
    );
    for (const { name } of stage.topology.nodes) await terminal.shows(new RegExp(`^[* ] ${name} `, "m"));
    terminal.resize(120, 40);
    await terminal.shows(/^ {0}what changed$/m);
    // Nothing of the small picture is left over.
    assert.equal(terminal.screen.filter((line) => line.startsWith("pgvip status")).length, 1);
    terminal.type("\u0003");
    await terminal.ended();
  });

  it("gives the terminal back after SIGTERM and after a crash, whose message can be read", async () => {
    const [, other] = await leaderAndOther();
    const ended = open(other, [80, 24]);
    await ended.shows(/ping .* ms/);
    ended.signal(SIGTERM);
    assert.deepEqual(await ended.ended(), { kind: "ended", status: 0, modesRestored: true });
    assert.ok(ended.isOrdinary);

    const plan = "data:text/javascript,setTimeout(()=>{throw new Error('a planted crash')},2500)";
    const crashed = open(other, [80, 24], { env: { NODE_OPTIONS: `--import="${plan}"` } });
    await crashed.shows(/standby|HERE/);
    const ending = await crashed.ended();
    assert.equal(ending.modesRestored, true);
    assert.ok(crashed.isOrdinary);
    assert.match(crashed.screen.join("\n"), /Error: a planted crash/);
  });

  it("gives the terminal back while it is stopped with Ctrl-Z, and draws again after that", async () => {
    const [, other] = await leaderAndOther();
    const terminal = open(other, [80, 24]);
    await terminal.shows(/ping .* ms/);
    terminal.type("\u001a");
    await until("the first screen", () => terminal.isOrdinary);
    terminal.signal(SIGCONT);
    await until("the second screen", () => !terminal.isOrdinary);
    await terminal.shows(/ping .* ms/);
    terminal.type("q");
    assert.deepEqual(await terminal.ended(), { kind: "ended", status: 0, modesRestored: true });
  });

  it("goes on without rights for a ping, and says so", async () => {
    const [, other] = await leaderAndOther();
    const terminal = open(other, [120, 30], { prefix: ["setpriv", "--bounding-set=-net_raw"] });
    await terminal.shows(/^no ping: .*CAP_NET_RAW/m);
    await terminal.shows(/leader, takes writes/);
    terminal.type("q");
    await terminal.ended();
  });

  it("says that the agent is gone, and sees it come back", async () => {
    const [, other] = await leaderAndOther();
    const terminal = open(other, [120, 30]);
    await terminal.shows(/not here: standby/);
    await agents.stop(other);
    await terminal.shows(/^no agent answers on /m);
    await terminal.shows(/leader, takes writes/);
    await agents.start(other);
    await terminal.shows(/not here: standby/);
    terminal.type("q");
    await terminal.ended();
  });

  it("prints a line for each change where there is no terminal", async () => {
    const [leader, other] = await leaderAndOther();
    const lines: string[] = [];
    const [command, ...args] = words(other);
    const watching = other.spawnPiped(command!, args, { log: "watch" });
    watching.onLine((line) => lines.push(line));
    const told = (pattern: RegExp) => until(String(pattern), () => lines.some((line) => pattern.test(line)));
    await told(new RegExp(`^\\S+Z  ${leader}: leader, takes writes$`));
    await told(new RegExp(`^\\S+Z  ${VIP}: standby; the VIP is on ${leader}; `));
    await stage.cluster.switchover(leader, other.name);
    await told(new RegExp(`^\\S+Z  ${VIP}: holder; the VIP is on this node; `));
    assert.equal((await watching.stop("SIGTERM")).code, 0);
    assert.ok(lines.every((line) => !line.includes("\u001b")));
  });

  it("is not for scripts that want JSON", async () => {
    const [, other] = await leaderAndOther();
    const { code, stderr } = await agents.command(other, ["status", "--watch", "--json"]);
    assert.equal(code, 2);
    assert.match(stderr, /--watch.*cannot be used with.*--json/);
  });
});
