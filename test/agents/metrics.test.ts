/**
 * Metrics of a real agent: read by Prometheus and its tool, and true over a fail-over. The alert rules in packaging/ are
 * tested with the same tool.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import * as v from "valibot";
import { PgvipAgents } from "../../lab/agents.js";
import type { Host } from "../../lab/host.js";
import { RemoteHttp } from "../../lab/remote-http.js";
import { command } from "../../lab/command.js";
import { Stage } from "../../lab/stage.js";
import { vip, vipCidr } from "../../lab/topology.js";
import { until } from "../../lab/wait.js";

const PORT = "9750";
/** Where the agent listens when it is told nothing but the port. */
const ADDRESS = `127.0.0.1:${PORT}`;
const PROMETHEUS = "127.0.0.1:9090";

const queryResult = v.object({
  status: v.literal("success"),
  data: v.object({ result: v.array(v.object({ value: v.tuple([v.number(), v.string()]) })) }),
});

describe("metrics", () => {
  let stage: Stage;

  before(async () => {
    const manager = new PgvipAgents({ vips: [vipCidr], extra: ["--metrics", PORT] });
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
    await openSession(stage.cluster.node(leader), stage.topology.client);
    await stage.measure(
      () => stage.cluster.switchover(leader, other),
      () => stage.moved(leader),
    );
    const [from, to] = [await ask(leader, "/metrics"), await ask(other, "/metrics")];
    assert.equal(sample(from.body, `pgvip_group_state{group="${vip}",state="holder"}`), 0);
    assert.equal(sample(from.body, `pgvip_events_total{group="${vip}",event="releases"}`), 1);
    assert.equal(sample(to.body, `pgvip_group_state{group="${vip}",state="holder"}`), 1);
    assert.ok(sample(from.body, `pgvip_resignations_sent_total{group="${vip}"}`) > 0);
    assert.ok(sample(from.body, `pgvip_adverts_received_total{group="${vip}"}`) > 0);
    assert.ok(sample(from.body, "pgvip_sockets_destroyed_total") > 0, "a session was reset");
    assert.ok(sample(to.body, `pgvip_resignations_received_total{group="${vip}"}`) > 0);
    assert.equal(sample(to.body, `pgvip_resignations_sent_total{group="${vip}"}`), 0);
    assert.equal(sample(to.body, `pgvip_act_seconds_count{group="${vip}"}`), 1);
    assert.equal(sample(to.body, `pgvip_gap_seconds_count{group="${vip}"}`), 1);
    assert.ok(sample(to.body, `pgvip_patroni_answer_seconds_count{answer="yes"}`) > 0);
  });

  it("are scraped by Prometheus", async () => {
    const leader = await stage.cluster.waitHealthy();
    const node = stage.cluster.node(leader);
    const file = `${node.directory}/prometheus.yml`;
    const job = `{job_name: pgvip, scrape_interval: 1s, static_configs: [{targets: ["${ADDRESS}"]}]}`;
    writeFileSync(file, `scrape_configs: [${job}]\n`);
    const storage = `--storage.tsdb.path=${node.directory}/prometheus`;
    const args = [`--config.file=${file}`, storage, `--web.listen-address=${PROMETHEUS}`];
    const prometheus = node.spawn("prometheus", args, { log: "prometheus" });
    try {
      await until("Prometheus takes questions", async () => (await query(leader, "up")) !== null);
      await until("the agent is up", async () => (await query(leader, 'up{job="pgvip"}')) === "1");
      assert.equal(await query(leader, `pgvip_group_state{group="${vip}",state="holder"}`), "1");
      assert.equal(await query(leader, "pgvip_no_such_metric"), null);
    } finally {
      await prometheus.kill();
    }
  });

  /** The value of one series as Prometheus has it; `null` when it has none, or takes no questions yet. */
  async function query(node: string, expression: string): Promise<string | null> {
    const http = new RemoteHttp(stage.cluster.node(node));
    try {
      const url = `http://${PROMETHEUS}/api/v1/query?query=${encodeURIComponent(expression)}`;
      const reply = await http.ask("GET", url);
      if (reply.kind === "failed" || reply.status !== 200) return null;
      return v.parse(queryResult, JSON.parse(reply.body)).data.result[0]?.value[1] ?? null;
    } finally {
      await http.close();
    }
  }

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

/** A TCP session to the VIP that no end of PostgreSQL ends: only a release can. */
async function openSession(server: Host, client: Host): Promise<void> {
  const run = async (host: Host, program: string): Promise<void> => {
    const running = host.spawnPiped(process.execPath, ["-e", `const net = require("node:net"); ${program}`], {
      log: "session",
    });
    await new Promise<void>((resolve) => {
      running.onLine(() => {
        resolve();
      });
    });
  };
  await run(server, `net.createServer(() => undefined).listen(5999, () => console.log("listens"))`);
  await run(client, `net.connect(5999, "${vip}", () => console.log("connected")).on("error", () => undefined)`);
}

/** The value of one series in Prometheus' text format; 0 when it is not there yet, as for a counter. */
function sample(text: string, series: string): number {
  const line = text.split("\n").find((line) => line.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}
