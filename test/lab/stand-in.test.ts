/** The stand-in cluster does what was measured on Patroni 3.0.2, in the cases that a VIP manager has to tell apart. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { labProgram } from "../../lab/process.js";
import { StandInCluster } from "../../lab/stand-in-cluster.js";
import { createTopology, type Topology } from "../../lab/topology.js";
import { until } from "../../lab/wait.js";
import { RestTrace } from "./rest-trace.js";

/** Slower than life, so that no trace misses what lies between the lock and the first write. */
const promoteMs = 500;

interface Stage {
  readonly topology: Topology;
  readonly cluster: StandInCluster;
}

async function stage(pace: {
  ttlSeconds: number;
  loopWaitSeconds: number;
  retryTimeoutSeconds: number;
}): Promise<Stage> {
  const topology = await createTopology();
  const cluster = await StandInCluster.start(topology.nodes, topology.dcs, topology.console, { pace, promoteMs });
  return { topology, cluster };
}

/** The client's words about a write on the node's own address. */
async function write({ topology, cluster }: Stage, node: string): Promise<string> {
  const [command, args] = labProgram("stand-in/client.ts", [cluster.node(node).address]);
  const { stdout } = await topology.client.exec(command, args);
  if (stdout.includes("took a write")) return "written";
  return /: (\w+) /.exec(stdout)?.[1] ?? stdout;
}

/** What a raw TCP client gets: Node's HTTP client would hide how it is said. */
async function rawRequest({ topology, cluster }: Stage, node: string, head: string): Promise<string> {
  const script = `
    const socket = require("node:net").connect({ port: 8008, host: "${cluster.node(node).address}" });
    socket.write(${JSON.stringify(head + "\r\n\r\n")});
    socket.pipe(process.stdout);`;
  return (await topology.client.exec(process.execPath, ["-e", script], { timeoutMs: 3000 })).stdout;
}

/** Resolves when Patroni has just gone through its loop: the next one is a whole loop_wait away. */
async function afterLoop({ cluster }: Stage, node: string): Promise<void> {
  const lastSeen = async (): Promise<string> => {
    const reply = await cluster.ask(node, "GET", "/primary");
    return (reply.kind === "answered" && /"dcs_last_seen":\s*(\d+)/.exec(reply.body)?.[1]) || "";
  };
  const before = await lastSeen();
  await until("Patroni's next loop", async () => (await lastSeen()) > before);
}

const unhurried = { ttlSeconds: 30, loopWaitSeconds: 10, retryTimeoutSeconds: 10 };

describe("a stand-in cluster at Patroni's default pace", () => {
  let it: Stage;
  before(async () => {
    it = await stage(unhurried);
  });
  after(() => it.topology.lab.close());

  test("comes up with the first node as leader and the other streaming", async () => {
    assert.equal(await it.cluster.waitHealthy(), "pgpat1");
    assert.equal(await write(it, "pgpat1"), "written");
    assert.equal(await write(it, "pgpat2"), "readOnly");
  });

  test("speaks HTTP/1.0, closes after the answer, names no length; HEAD, OPTIONS and /liveness get a bare status line", async () => {
    const answer = await rawRequest(it, "pgpat1", "GET /primary HTTP/1.1\r\nConnection: keep-alive");
    assert.match(answer, /^HTTP\/1\.0 200 OK\r\n/);
    assert.doesNotMatch(answer, /content-length/i);
    for (const question of ["HEAD /primary", "GET /liveness", "GET /readiness"])
      assert.equal(await rawRequest(it, "pgpat1", `${question} HTTP/1.1`), "HTTP/1.0 200 OK\r\n\r\n", question);
    assert.equal(
      await rawRequest(it, "pgpat2", "OPTIONS /primary HTTP/1.0"),
      "HTTP/1.0 503 Service Unavailable\r\n\r\n",
    );
  });

  test("answers each path as the role demands", async () => {
    const codes = async (path: string): Promise<number[]> => {
      const replies = await Promise.all(["pgpat1", "pgpat2"].map((node) => it.cluster.ask(node, "GET", path)));
      return replies.map((reply) => (reply.kind === "answered" ? reply.status : 0));
    };
    for (const path of ["/", "/primary", "/master", "/leader", "/read-write"])
      assert.deepEqual(await codes(path), [200, 503], path);
    for (const path of ["/replica", "/async", "/replica?lag=1MB"])
      assert.deepEqual(await codes(path), [503, 200], path);
    for (const path of ["/patroni", "/cluster", "/config", "/liveness", "/health"])
      assert.deepEqual(await codes(path), [200, 200], path);
    assert.deepEqual(await codes("/nonsense"), [503, 503]);
  });

  test("SIGTERM on the leader: PostgreSQL goes first, REST takes questions and leaves them without an answer", async (t) => {
    const successor = new RestTrace(t, it.cluster, "pgpat2");
    const stopped = it.cluster.stopPatroni("pgpat1");
    await until("REST hangs", async () => {
      const reply = await it.cluster.ask("pgpat1", "GET", "/primary", { timeoutMs: 100 });
      return reply.kind === "failed" && reply.reason === "ABORT_ERR";
    });
    assert.equal(await write(it, "pgpat1"), "refused");
    await stopped;
    assert.equal(await it.cluster.leader(), "pgpat2");
    const refused = await it.cluster.ask("pgpat1", "GET", "/primary");
    assert.deepEqual(refused.kind === "failed" && refused.reason, "ECONNREFUSED");
    // The lock comes first, then PostgreSQL becomes writable.
    assert.deepEqual(await successor.stop(), ["503 replica running", "200 replica running", "200 master running"]);
    assert.equal(await write(it, "pgpat2"), "written");
  });

  test("a stopped node comes back as a replica", async () => {
    await it.cluster.startPatroni("pgpat1");
    assert.equal(await it.cluster.waitHealthy(), "pgpat2");
    assert.equal(await write(it, "pgpat1"), "readOnly");
  });

  test("switchover: the old leader says stopping with 200, then 503, then is a replica", async (t) => {
    const old = new RestTrace(t, it.cluster, "pgpat2");
    const successor = new RestTrace(t, it.cluster, "pgpat1");
    await it.cluster.switchover("pgpat2", "pgpat1");
    assert.equal(await it.cluster.waitHealthy(), "pgpat1");
    const trace = await old.stop();
    assert.deepEqual(trace.slice(0, 3), ["200 master running", "200 master stopping", "503 replica stopped"]);
    assert.equal(trace.at(-1), "503 replica running");
    assert.deepEqual(await successor.stop(), ["503 replica running", "200 replica running", "200 master running"]);
  });

  test("switchover to nobody, or from somebody else, is refused", async () => {
    await assert.rejects(it.cluster.switchover("pgpat1", "pgpat9"), /412/);
    await assert.rejects(it.cluster.switchover("pgpat2", "pgpat1"), /412/);
    assert.equal(await it.cluster.leader(), "pgpat1");
  });

  test("SIGKILL of Patroni: REST refuses, PostgreSQL stays writable; a restart finds it and stays leader", async () => {
    await it.cluster.killPatroni("pgpat1");
    assert.equal((await it.cluster.status("pgpat1")).kind, "silent");
    assert.equal(await write(it, "pgpat1"), "written");
    await it.cluster.startPatroni("pgpat1");
    assert.equal(await it.cluster.waitHealthy(), "pgpat1");
  });

  test("SIGSTOP of Patroni: REST hangs, PostgreSQL stays writable; thawed, all is as before", async () => {
    it.cluster.freezePatroni("pgpat1");
    const hanging = await it.cluster.ask("pgpat1", "GET", "/primary", { timeoutMs: 200 });
    assert.deepEqual(hanging.kind === "failed" && hanging.reason, "ABORT_ERR");
    assert.equal(await write(it, "pgpat1"), "written");
    it.cluster.thawPatroni("pgpat1");
    assert.equal(await it.cluster.waitHealthy(), "pgpat1");
  });

  test("slow: the same answer, later", async () => {
    it.cluster.slow("pgpat1", 400);
    await until("the order is taken", async () => {
      const reply = await it.cluster.ask("pgpat1", "GET", "/primary", { timeoutMs: 200 });
      return reply.kind === "failed";
    });
    assert.equal((await it.cluster.status("pgpat1")).kind, "answered");
    it.cluster.slow("pgpat1", 0);
    await until("it is quick again", async () => {
      const reply = await it.cluster.ask("pgpat1", "GET", "/primary", { timeoutMs: 200 });
      return reply.kind === "answered";
    });
  });

  test("lie: a replica claims to be primary, and takes it back", async () => {
    it.cluster.lie("pgpat2", "primary");
    const claims = async (): Promise<boolean> => {
      const status = await it.cluster.status("pgpat2");
      return status.kind === "answered" && status.leader && status.role === "master";
    };
    await until("it lies", claims);
    assert.equal(await write(it, "pgpat2"), "readOnly");
    it.cluster.lie("pgpat2", null);
    await until("it is honest", async () => !(await claims()));
  });
});

describe("a stand-in cluster with a short lock", () => {
  let it: Stage;
  before(async () => {
    it = await stage({ ttlSeconds: 3, loopWaitSeconds: 1, retryTimeoutSeconds: 1 });
  });
  after(() => it.topology.lab.close());

  test("SIGKILL of the postmaster: /primary stays 200 while the state is unknown, then it is restarted in place", async (t) => {
    const trace = new RestTrace(t, it.cluster, "pgpat1");
    // The loop restarts it: killed right before that, its state would be unknown for too short a time to be seen.
    await afterLoop(it, "pgpat1");
    await it.cluster.killPostgres("pgpat1");
    await until("its state is unknown", () => trace.answers.includes("200 master unknown"));
    assert.equal(await it.cluster.waitHealthy(), "pgpat1");
    const answers = await trace.stop();
    assert.ok(
      answers.every((answer) => answer.startsWith("200")),
      answers.join(", "),
    );
  });

  test("a frozen Patroni loses the lock to the other node, and two PostgreSQL take writes; thawed, it demotes its own", async () => {
    it.cluster.freezePatroni("pgpat1");
    await until("the lock expires", async () => (await write(it, "pgpat2")) === "written");
    assert.equal(await write(it, "pgpat1"), "written");
    it.cluster.thawPatroni("pgpat1");
    assert.equal(await it.cluster.waitHealthy(), "pgpat2");
    assert.equal(await write(it, "pgpat1"), "readOnly");
  });

  test("a leader without its DCS demotes itself; it leads again when the DCS is back", async () => {
    it.cluster.freezeDcs();
    await until("nobody leads", async () => (await it.cluster.currentLeader()) === null);
    await until("PostgreSQL is read-only", async () => (await write(it, "pgpat2")) === "readOnly");
    it.cluster.thawDcs();
    const leader = await it.cluster.waitHealthy();
    assert.equal(await write(it, leader), "written");
  });

  test("a leader that is cut off is replaced after the lock's time; healed, it follows", async () => {
    const leader = await it.cluster.leader();
    const other = leader === "pgpat1" ? "pgpat2" : "pgpat1";
    await it.cluster.node(leader).cut();
    await until("the other leads", async () => (await it.cluster.currentLeader()) === other);
    await it.cluster.node(leader).heal();
    assert.equal(await it.cluster.waitHealthy(), other);
  });

  test("a leader whose host dies is replaced; revived, it follows", async () => {
    const leader = await it.cluster.leader();
    const other = leader === "pgpat1" ? "pgpat2" : "pgpat1";
    await it.cluster.killHost(leader);
    await until("the other leads", async () => (await it.cluster.currentLeader()) === other);
    await it.cluster.reviveHost(leader);
    assert.equal(await it.cluster.waitHealthy(), other);
  });
});
