/**
 * Two Patroni clusters in one agent: each VIP follows its own, whatever the other does. The second cluster's members are
 * beside the nodes, as in containers, and each agent asks the one that belongs to its node.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { PgvipAgents } from "../../lab/agents.js";
import type { CommandResult } from "../../lab/command.js";
import type { Host } from "../../lab/host.js";
import { Lab } from "../../lab/network.js";
import { StandInCluster } from "../../lab/stand-in-cluster.js";
import { until } from "../../lab/wait.js";
import { HolderWatch } from "../../lab/watch.js";
import type { GroupStatus } from "../../src/status.js";

const SALES_VIP = "10.186.157.199";
const REPORTING_VIP = "10.186.157.200";
/** Longer than the rest of the test takes: an answer that one group waits for must not be waited for by the other. */
const ENDLESS = "answer_timeout: 25s, lease: 30s, silence_timeout: 60s";

describe("two clusters in one agent", () => {
  let lab: Lab;
  /** One for each node: each has a configuration of its own. */
  const agents = new Map<Host, PgvipAgents>();
  let sales: StandInCluster;
  let reporting: StandInCluster;
  let salesWatch: HolderWatch;
  let reportingWatch: HolderWatch;
  let nodes: readonly [Host, Host];

  before(async () => {
    lab = await Lab.create([
      { name: "node1", addresses: ["10.186.157.60/24"] },
      { name: "node2", addresses: ["10.186.157.61/24"] },
      { name: "rep1", addresses: ["10.186.157.70/24"] },
      { name: "rep2", addresses: ["10.186.157.71/24"] },
      { name: "dcs1", addresses: ["10.186.157.3/24"] },
      { name: "dcs2", addresses: ["10.186.157.4/24"] },
    ]);
    nodes = [lab.host("node1"), lab.host("node2")];
    const [dcs1, dcs2] = [lab.host("dcs1"), lab.host("dcs2")];
    const members = [lab.host("rep1"), lab.host("rep2")];
    sales = await StandInCluster.start(nodes, dcs1, dcs1, { scope: "sales" });
    reporting = await StandInCluster.start(members, dcs2, dcs2, { scope: "reporting" });
    salesWatch = await HolderWatch.start(lab, SALES_VIP);
    reportingWatch = await HolderWatch.start(lab, REPORTING_VIP);
    for (const [index, node] of nodes.entries()) {
      configure(node, members[index]!, true);
      agents.set(node, new PgvipAgents({ vips: [], extra: ["--config", configFile(node)] }));
    }
  });

  after(async () => {
    await lab.close();
  });

  function configure(node: Host, member: Host, both: boolean): void {
    const second = `  - {address: ${REPORTING_VIP}/24, router_id: 51, cluster: reporting}\n`;
    const clusters = `clusters: {reporting: {url: "http://${member.address}:8008", postgres: "${member.address}:5432"}}\n`;
    const patroni = `patroni: {url: "http://${node.address}:8008", scope: sales}\n`;
    const first = `vips:\n  - {address: ${SALES_VIP}/24, router_id: 50, ${ENDLESS}}\n`;
    writeFileSync(configFile(node), `${patroni}${first}${both ? second + clusters : ""}`);
  }

  function command(node: Host, args: readonly string[]): Promise<CommandResult> {
    return agents.get(node)!.command(node, args);
  }

  async function groups(node: Host): Promise<readonly GroupStatus[]> {
    return (await agents.get(node)!.status(node)).groups;
  }

  it("each VIP is where its own cluster's leader is", async () => {
    for (const node of nodes) await agents.get(node)!.start(node);
    await salesWatch.holder("node1");
    await reportingWatch.holder("node1");
    const told = await until("status tells both clusters", async () => {
      const found = await groups(nodes[0]);
      return found.every(({ patroni }) => patroni.scope !== null) ? found : null;
    });
    assert.deepEqual(
      told.map(({ cluster, patroni, holder }) => [cluster, patroni.scope, holder?.self]),
      [
        [null, "sales", true],
        ["reporting", "reporting", true],
      ],
    );
  });

  it("a switchover of one moves one VIP", async () => {
    const before = salesWatch.changes.length;
    await reporting.switchover("rep1", "rep2");
    await reportingWatch.holder("node2");
    assert.deepEqual(salesWatch.changes.slice(before), []);
  });

  it("a Patroni that hangs delays nobody who follows another", async () => {
    sales.mistreat("node1", "hangs");
    try {
      const [hung] = await groups(nodes[0]);
      await reporting.switchover("rep2", "rep1");
      await reportingWatch.holder("node1");
      const [still, moved] = await groups(nodes[0]);
      const answers = [hung, still].map((group) => Date.parse(group?.patroni.answeredAt ?? ""));
      // The same answer is told twice as a time of day, each time by the clock of that moment: rounding moves it by 1 ms.
      assert.ok(Math.abs(answers[1]! - answers[0]!) < 50, `the question before is not waiting: ${answers.join(", ")}`);
      assert.equal(moved?.state, "holder");
    } finally {
      sales.mistreat("node1", "answers");
    }
  });

  it("doctor looks at each cluster, and says which", async () => {
    const { stdout } = await command(nodes[0], ["doctor", "--listen", "100ms", "--config", configFile(nodes[0])]);
    assert.match(stdout, /patroni: http:\/\/10\.186\.157\.60:8008 answers: cluster sales/);
    assert.match(stdout, /reporting: http:\/\/10\.186\.157\.70:8008 answers: cluster reporting/);
  });

  it("a reload takes a cluster away and brings it back", async () => {
    configure(nodes[0], reporting.node("rep1"), false);
    const before = salesWatch.changes.length;
    assert.match((await command(nodes[0], ["reload"])).stdout, /10\.186\.157\.200/);
    await until("the VIP is gone", () => reportingWatch.holders.length === 0);
    assert.equal((await groups(nodes[0])).length, 1);
    configure(nodes[0], reporting.node("rep1"), true);
    await command(nodes[0], ["reload"]);
    await reportingWatch.holder("node1");
    assert.deepEqual(salesWatch.changes.slice(before), []);
  });
});

function configFile(node: Host): string {
  return `${node.directory}/pgvip.yml`;
}
