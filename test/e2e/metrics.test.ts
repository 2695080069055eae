/**
 * Metrics of a real agent: read by Prometheus' own tool, and true over a fail-over. The alert rules in packaging/ are tested
 * with the same tool.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PgvipAgents } from "../../lab/agents.js";
import { RemoteHttp } from "../../lab/remote-http.js";
import { command } from "../../lab/command.js";
import { Stage } from "../../lab/stage.js";
import { vip, vipCidr } from "../../lab/topology.js";
import { until } from "../../lab/wait.js";

const ADDRESS = "127.0.0.1:9750";

describe("metrics", () => {
  let stage: Stage;

  before(async () => {
    const manager = new PgvipAgents({ vips: [vipCidr], extra: ["--metrics", ADDRESS] });
    stage = await Stage.open({ backend: "stand-in", manager });
  });

  after(async () => {
    await stage.close();
  });

  async function ask(node: string, path: string): Promise<{ status: number; body: string }> {
    const http = new RemoteHttp(stage.cluster.node(node));
    try {
      const reply = await http.ask("GET", `http://${ADDRESS}${path}`);
      assert.equal(reply.kind, "answered");
      return reply;
    } finally {
      await http.close();
    }
  }

  it("are what Prometheus wants, and follow a fail-over", async () => {
    const leader = await stage.cluster.waitHealthy();
    await stage.watch.holder(leader);
    const { body: before } = await ask(leader, "/metrics");
    assert.equal(sample(before, `pgvip_group_state{group="${vip}",state="holder"}`), 1);
    await command("promtool", ["check", "metrics"], { input: before });

    const other = stage.topology.nodes.find(({ name }) => name !== leader)!.name;
    await stage.measure(
      () => stage.cluster.switchover(leader, other),
      () => stage.moved(leader),
    );
    const [from, to] = [await ask(leader, "/metrics"), await ask(other, "/metrics")];
    assert.equal(sample(from.body, `pgvip_group_state{group="${vip}",state="holder"}`), 0);
    assert.equal(sample(from.body, `pgvip_events_total{group="${vip}",event="releases"}`), 1);
    assert.equal(sample(to.body, `pgvip_group_state{group="${vip}",state="holder"}`), 1);
    assert.equal(sample(to.body, `pgvip_act_seconds_count{group="${vip}"}`), 1);
    assert.equal(sample(to.body, `pgvip_gap_seconds_count{group="${vip}"}`), 1);
    assert.ok(sample(to.body, `pgvip_patroni_answer_seconds_count{answer="yes"}`) > 0);
  });

  it("answers probes, and nothing else", async () => {
    const leader = await stage.cluster.waitHealthy();
    const { status, body } = await ask(leader, "/healthz");
    assert.equal(status, 200);
    assert.match(body, new RegExp(`^${vip}: holder`));
    assert.equal((await ask(leader, "/")).status, 404);
    await stage.cluster.node(leader).exec("ip", ["link", "set", "eth0", "down"]);
    await until("the agent has seen that its interface is down", async () => {
      return (await ask(leader, "/healthz")).status === 503;
    });
  });
});

describe("alert rules", () => {
  it("fire when they should, and not before", async () => {
    const output = await command("promtool", ["test", "rules", "packaging/prometheus/rules-check.yml"]);
    assert.match(output, /SUCCESS/);
  });
});

/** The value of one series in Prometheus' text format; 0 when it is not there yet, as for a counter. */
function sample(text: string, series: string): number {
  const line = text.split("\n").find((line) => line.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}
