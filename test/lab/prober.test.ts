/** The probe measures what is really there: an artificial gap of known length, refusals, read-only answers. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { addedOutage, findings } from "../../lab/findings.js";
import type { Host } from "../../lab/host.js";
import { Prober } from "../../lab/prober.js";
import type { ProbeRecord } from "../../lab/probe/records.js";
import { labProgram } from "../../lab/process.js";
import { createTopology, type Topology, vip, vipCidr } from "../../lab/topology.js";
import { nowMs, sleep, until } from "../../lab/wait.js";

/** Tells a stand-in of PostgreSQL its role, as its Patroni would. */
async function setRole(host: Host, role: "primary" | "replica"): Promise<void> {
  const script = `
    const socket = require("node:net").connect("${host.directory}/postgres.sock");
    socket.write('{"role":"${role}"}\\n');
    let said = "";
    socket.on("data", (chunk) => { said += chunk; if (said.split("\\n").length > 2) process.exit(0); });
    socket.on("error", () => process.exit(1));`;
  await until("the role is set", async () => (await host.exec(process.execPath, ["-e", script])).code === 0);
}

describe("the probe", () => {
  let topology: Topology;
  let node: Host;
  let prober: Prober;
  const address = (verb: string) => node.exec("ip", ["address", verb, vipCidr, "dev", "eth0"]);
  const records = (): readonly ProbeRecord[] => prober.records;
  const written = (target: string): number =>
    records().filter((record) => record.kind === "write" && record.target === target && record.outcome === "written")
      .length;

  before(async () => {
    topology = await createTopology();
    node = topology.nodes[0] ?? assert.fail();
    const [command, args] = labProgram("stand-in/postgres.ts", [node.name, node.directory]);
    node.spawn(command, args, { log: "postgres" });
    await address("add");
    prober = await Prober.start(topology.client, vip, { writeProtocol: "stand-in", nodes: [node] });
    prober.attend("close");
  });
  after(() => topology.lab.close());

  test("sees a replica behind the VIP as read-only, and the first write after the promotion", async () => {
    const startMs = nowMs();
    await until("read-only answers", () => findings(records(), { fromMs: startMs, toMs: nowMs() }).writes.readOnly > 5);
    assert.equal(addedOutage(records(), startMs, node.name), null);
    await setRole(node, "primary");
    await until("a write on a session that had met the replica", () =>
      records().some((record) => record.kind === "write" && record.session === "open"),
    );
    const outage = await until("a write", () => addedOutage(records(), startMs, node.name));
    // The VIP was there all the time: what is added is the difference of two probes.
    assert.ok(Math.abs(outage.addedMs) < 60, `${outage.addedMs}`);
  });

  test("loses nothing while nothing happens", async () => {
    const fromMs = nowMs();
    await sleep(500);
    const span = { fromMs, toMs: nowMs() };
    const { echoes, connects, writes } = findings(await prober.settled(span.toMs), span);
    assert.equal(echoes.lost, 0);
    assert.ok(echoes.sent >= 20 && echoes.sent <= 55, `${echoes.sent} echoes`);
    assert.ok(connects.connected >= 5 && connects.refused + connects.failed === 0);
    assert.ok(writes.written >= 3 && writes.readOnly + writes.refused + writes.failed === 0);
  });

  test("measures a gap of 300 ms, and the second that a lost SYN costs", async () => {
    // The address goes and comes in one process: its gap is 300 ms whatever else the machine does.
    const script = `ip address delete ${vipCidr} dev eth0; sleep 0.3; ip address add ${vipCidr} dev eth0`;
    const fromMs = nowMs();
    await node.exec("sh", ["-c", script]);
    await sleep(1500);
    const span = { fromMs, toMs: nowMs() };
    const { echoes, connects, writes } = findings(await prober.settled(span.toMs), span);
    assert.ok(echoes.longestSilenceMs >= 290 && echoes.longestSilenceMs < 500, `${echoes.longestSilenceMs} ms`);
    assert.ok(echoes.lost >= 15 && echoes.lost <= 40, `${echoes.lost} lost`);
    assert.ok(connects.slowestMs >= 900, `${connects.slowestMs} ms`);
    assert.ok(writes.longestGapMs >= 290 && writes.longestGapMs < 1200, `${writes.longestGapMs} ms`);
  });

  test("sees refusals when PostgreSQL is gone but the VIP is not", async () => {
    const before = written(node.name);
    const fromMs = nowMs();
    for (const pid of await node.pids()) process.kill(pid, "SIGTERM");
    await sleep(300);
    const span = { fromMs, toMs: nowMs() };
    const { echoes, connects, writes } = findings(await prober.settled(span.toMs), span);
    assert.ok(before > 0);
    assert.ok(writes.refused > 10 && connects.refused > 2);
    assert.equal(echoes.lost, 0);
  });
});
