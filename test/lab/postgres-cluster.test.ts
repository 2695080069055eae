/** The real cluster: PostgreSQL, Patroni and etcd come up, obey the verbs, and leave nothing behind. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import * as v from "valibot";
import type { Cluster } from "../../lab/cluster.js";
import { command } from "../../lab/command.js";
import { addedOutage } from "../../lab/findings.js";
import { PostgresCluster } from "../../lab/postgres-cluster.js";
import { Prober } from "../../lab/prober.js";
import { StandInCluster } from "../../lab/stand-in-cluster.js";
import { existingLabs } from "../../lab/sweep.js";
import { createTopology, dcsAddresses, type Topology, vip, vipCidr } from "../../lab/topology.js";
import { nowMs, until } from "../../lab/wait.js";
import { RestTrace } from "./rest-trace.js";

/** Names and types of the fields of a JSON answer, with those of its first-level objects. */
async function shape(cluster: Cluster, node: string, path: string): Promise<string[]> {
  return fields(await json(cluster, node, path), path).sort();
}

function fields(value: unknown, path: string): string[] {
  const sample: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof sample !== "object" || sample === null) return [`${path}: ${typeof sample}`];
  return Object.entries(sample).flatMap(([name, inner]) => fields(inner, `${path}.${name}`));
}

async function json(cluster: Cluster, node: string, path: string): Promise<unknown> {
  const reply = await cluster.ask(node, "GET", path);
  if (reply.kind === "failed") throw new Error(reply.reason);
  const value: unknown = JSON.parse(reply.body);
  return value;
}

describe("a real cluster", () => {
  let topology: Topology;
  let cluster: PostgresCluster;
  const sharedMemoryBefore = readdirSync("/dev/shm");
  const client = (...args: string[]) =>
    topology.client.exec("psql", ["-U", "postgres", "-d", "postgres", "-At", ...args]);
  const holderOfVip = (verb: string, node: string) =>
    cluster.node(node).exec("ip", ["address", verb, vipCidr, "dev", "eth0"]);

  before(async () => {
    topology = await createTopology();
    cluster = await PostgresCluster.start(topology.nodes, topology.dcs, dcsAddresses, topology.console);
  });
  after(() => topology.lab.close());

  test("comes up with the first node as leader and the other streaming", async () => {
    assert.equal(await cluster.waitHealthy(), "pgpat1");
    const address = cluster.node("pgpat1").address;
    const { stdout } = await client("-h", address, "-c", "SELECT application_name, state FROM pg_stat_replication");
    assert.equal(stdout, "pgpat2|streaming\n");
  });

  test("etcd has three members, Patroni its default pace", async () => {
    const { stdout } = await topology.dcs.exec("sh", [
      "-c",
      `ETCDCTL_API=3 etcdctl --endpoints=${dcsAddresses.map((address) => `${address}:2379`).join(",")} member list`,
    ]);
    assert.equal(stdout.trim().split("\n").length, 3, stdout);
    const config = v.parse(
      v.object({ ttl: v.number(), loop_wait: v.number() }),
      await json(cluster, "pgpat1", "/config"),
    );
    assert.deepEqual([config.ttl, config.loop_wait], [30, 10]);
  });

  test("the stand-in's answers have the same fields of the same types", async () => {
    const other = await createTopology();
    try {
      const standIn = await StandInCluster.start(other.nodes, other.dcs, other.console);
      for (const node of ["pgpat1", "pgpat2"]) {
        for (const path of ["/primary", "/replica", "/patroni", "/cluster"]) {
          assert.deepEqual(await shape(standIn, node, path), await shape(cluster, node, path), `${node} ${path}`);
        }
      }
    } finally {
      await other.lab.close();
    }
  });

  test("switches over; the probe finds the first write on the new primary and through the VIP", async (t) => {
    await holderOfVip("add", "pgpat1");
    const prober = await Prober.start(topology.client, vip, cluster);
    const successor = new RestTrace(t, cluster, "pgpat2");
    const breakMs = nowMs();
    await cluster.switchover("pgpat1", "pgpat2");
    assert.equal(await cluster.leader(), "pgpat2");
    await holderOfVip("delete", "pgpat1");
    await holderOfVip("add", "pgpat2");
    await topology.client.exec("ip", ["neighbor", "flush", "dev", "eth0"]);
    const outage = await until("a write through the VIP", () => addedOutage(prober.records, breakMs, "pgpat2"));
    assert.ok(outage.possibleMs > breakMs && outage.throughVipMs > outage.possibleMs - 50);
    // The interval in which /primary is 200 and PostgreSQL not yet writable may fall between two polls.
    const trace = await successor.stop();
    assert.deepEqual([trace[0], trace.at(-1)], ["503 replica running", "200 master running"]);
    await prober.close();
    await holderOfVip("delete", "pgpat2");
    assert.equal(await cluster.waitHealthy(), "pgpat2");
  });

  test("Patroni stopped on the leader: the other leads; started again, the node follows", async () => {
    await cluster.stopPatroni("pgpat2");
    assert.equal(await cluster.leader(), "pgpat1");
    await cluster.startPatroni("pgpat2");
    assert.equal(await cluster.waitHealthy(), "pgpat1");
  });

  test("SIGKILL of Patroni leaves PostgreSQL writable; a restarted Patroni takes it over", async () => {
    await cluster.killPatroni("pgpat1");
    const address = cluster.node("pgpat1").address;
    const { stdout } = await client("-h", address, "-c", "INSERT INTO probe DEFAULT VALUES RETURNING 'written'");
    assert.match(stdout, /^written$/m);
    await cluster.startPatroni("pgpat1");
    assert.equal(await cluster.waitHealthy(), "pgpat1");
  });

  test("leaves no process, namespace, file or shared memory", async () => {
    const pids = (await Promise.all(topology.lab.hosts.map((host) => host.pids()))).flat();
    assert.ok(pids.length > 10, "there was something to end");
    await topology.lab.close();
    // A zombie has ended and only waits for its parent to hear of it.
    const states = (await command("ps", ["-e", "-o", "pid=,stat="])).trim().split("\n");
    const alive = states.filter((line) => !line.includes("Z")).map((line) => parseInt(line, 10));
    assert.deepEqual(
      pids.filter((pid) => alive.includes(pid)),
      [],
    );
    assert.equal(existingLabs().includes(topology.lab.name), false);
    assert.deepEqual(
      readdirSync("/dev/shm").filter((name) => !sharedMemoryBefore.includes(name)),
      [],
    );
  });
});
