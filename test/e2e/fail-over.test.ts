/**
 * The main job on a real cluster: PostgreSQL, Patroni and etcd from the distribution, an agent on each node, a client that
 * pings, connects and writes. Limits are generous (the benchmark measures, this only tells right from wrong), but far
 * below what any other VIP manager reaches.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PgvipAgents } from "../../lab/agents.js";
import { type Outcome, Stage } from "../../lab/stage.js";
import { vip, vipCidr } from "../../lab/topology.js";
import { sleep, until } from "../../lab/wait.js";

const MAX_SILENCE_MS = 500;
const MAX_ADDED_MS = 500;

describe("a real cluster", () => {
  const agents = new PgvipAgents({ vips: [vipCidr], extra: ["--on-stop", "keep"] });
  let stage: Stage;

  before(async () => {
    stage = await Stage.open({
      backend: "postgres",
      postgres: { pace: { ttlSeconds: 20, loopWaitSeconds: 2, retryTimeoutSeconds: 3 } },
      manager: agents,
    });
  });

  after(async () => {
    await stage.close();
  });

  /** The node that leads and the one that does not, after everything is healthy. */
  async function roles(): Promise<{ leader: string; other: string }> {
    const leader = await stage.cluster.waitHealthy();
    await stage.watch.holder(leader);
    const other = stage.topology.nodes.find(({ name }) => name !== leader)?.name;
    assert.ok(other !== undefined);
    return { leader, other };
  }

  async function stopPatroniOnTheLeader(): Promise<void> {
    const { leader } = await roles();
    const outcome = await stage.measure(
      () => stage.cluster.stopPatroni(leader),
      () => stage.moved(leader),
    );
    assertSmooth(outcome);
    await stage.cluster.startPatroni(leader);
  }

  it("test 1 of the article: Patroni is stopped on the leader", stopPatroniOnTheLeader);

  it("test 2 of the article: fail back", stopPatroniOnTheLeader);

  it("answers psql through the VIP", async () => {
    await roles();
    const query = ["-U", "postgres", "-h", vip, "postgres", "-At", "-c", "\\conninfo"];
    const { code, stdout } = await stage.topology.client.exec("psql", query, { timeoutMs: 15_000 });
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`on host "${vip}" at port "5432"`));
  });

  it("follows POST /switchover", async () => {
    const { leader, other } = await roles();
    const outcome = await stage.measure(
      () => stage.cluster.switchover(leader, other),
      () => stage.moved(leader),
    );
    assertSmooth(outcome);
  });

  it("keeps the VIP while Patroni is restarted on the leader", async () => {
    const { leader } = await roles();
    const outcome = await stage.measure(
      async () => {
        await stage.cluster.killPatroni(leader);
        await sleep(1_000);
        await stage.cluster.startPatroni(leader);
      },
      () => stage.cluster.waitHealthy(),
    );
    assert.equal(outcome.findings.echoes.lost, 0);
    assert.deepEqual(outcome.holders, { noneMs: 0, severalMs: 0 });
    assert.deepEqual(stage.watch.holders, [leader]);
  });

  it("loses no ping when the agent is restarted on the holder", async () => {
    const { leader } = await roles();
    const node = stage.cluster.node(leader);
    const outcome = await stage.measure(
      async () => {
        await agents.stop(node);
        await agents.start(node);
        await statusShows(leader, "holder");
      },
      () => sleep(3_000),
    );
    assert.equal(outcome.findings.echoes.lost, 0);
    assert.deepEqual(outcome.holders, { noneMs: 0, severalMs: 0 });
  });

  it("loses no ping when the agent on the holder is killed and started again", async () => {
    const { leader } = await roles();
    const node = stage.cluster.node(leader);
    const outcome = await stage.measure(
      async () => {
        await agents.kill(node);
        await agents.start(node);
        await statusShows(leader, "holder");
      },
      () => sleep(3_000),
    );
    assert.equal(outcome.findings.echoes.lost, 0);
  });

  it("tells in its status who has the VIP and why", async () => {
    const { leader, other } = await roles();
    const { stdout: here } = await agents.command(stage.cluster.node(leader), ["status"]);
    assert.match(here, /HERE: this node is the holder/);
    const { stdout: there } = await agents.command(stage.cluster.node(other), ["status"]);
    assert.match(there, /not here: standby/);
    assert.match(there, new RegExp(`holder +${stage.cluster.node(leader).address}`));
  });

  it("moves the VIP when the leader's host is gone", async () => {
    const { leader } = await roles();
    const outcome = await stage.measure(
      () => stage.cluster.killHost(leader),
      () => stage.moved(leader),
    );
    // Nobody answered for the VIP, so it was taken at the lock: a client may have met a promotion, but no silence.
    assert.ok(outcome.outage !== null && outcome.outage.addedMs < MAX_ADDED_MS, JSON.stringify(outcome.outage));
    await stage.cluster.reviveHost(leader);
    await agents.start(stage.cluster.node(leader));
  });

  async function statusShows(node: string, wanted: string): Promise<void> {
    await agents.groupWith(stage.cluster.node(node), `is ${wanted}`, ({ state }) => state === wanted);
  }
});

describe("an agent that is stopped", () => {
  it("releases the VIP in order, and takes it again when it is back", async () => {
    const agents = new PgvipAgents({ vips: [vipCidr] });
    const stage = await Stage.open({ backend: "stand-in", manager: agents });
    try {
      const leader = await stage.cluster.leader();
      await agents.stop(stage.cluster.node(leader));
      assert.deepEqual(stage.watch.holders, []);
      await agents.start(stage.cluster.node(leader));
      await stage.watch.holder(leader);
    } finally {
      await stage.close();
    }
  });
});

describe("unicast without a list of peers", () => {
  it("speaks to the members of the cluster", async () => {
    const agents = new PgvipAgents({ vips: [vipCidr], extra: ["--transport", "unicast"] });
    const stage = await Stage.open({ backend: "stand-in", manager: agents });
    try {
      const leader = await stage.cluster.leader();
      const other = stage.topology.nodes.find(({ name }) => name !== leader);
      assert.ok(other !== undefined);
      await until("the standby hears the holder", async () => {
        const { stdout } = await agents.command(other, ["status"]);
        return stdout.includes(`holder       ${stage.cluster.node(leader).address}`);
      });
      await stage.cluster.stopPatroni(leader);
      await stage.moved(leader);
    } finally {
      await stage.close();
    }
  });
});

function assertSmooth({ findings, outage, holders }: Outcome): void {
  const told = JSON.stringify({ findings, outage, holders });
  assert.ok(findings.echoes.longestSilenceMs < MAX_SILENCE_MS, told);
  assert.equal(findings.writes.readOnly, 0, told);
  assert.ok(outage !== null && outage.addedMs < MAX_ADDED_MS, told);
  assert.equal(holders.noneMs, 0, told);
}
