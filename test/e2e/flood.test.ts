/**
 * 50 000 forged adverts and ARP frames a second: nobody but the leader ever has the VIP, and a fail-over in the middle of
 * the flood arrives, soon. How fast it is on an idle machine, the fault matrix tells (`flood-switchover`).
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PgvipAgents } from "../../lab/agents.js";
import { Flooder } from "../../lab/flooder.js";
import { Stage } from "../../lab/stage.js";
import { vipCidr } from "../../lab/topology.js";

const PER_SECOND = 50_000;
const ROUTER_ID = 50;
/**
 * What the VIP may add to the time without writes. It adds a tenth of that (docs/faults.md); agents that get no processor in the
 * flood hear of the new leader when it is over, seconds later.
 */
const FAIL_OVER_MS = 1_000;

describe("a flood of forged packets", () => {
  let stage: Stage;
  let flooder: Flooder;

  before(async () => {
    const manager = new PgvipAgents({ vips: [vipCidr], extra: ["--router-id", String(ROUTER_ID)] });
    stage = await Stage.open({ backend: "stand-in", manager });
    flooder = await Flooder.build(stage.topology, ROUTER_ID);
  });

  after(async () => {
    await stage.close();
  });

  /** The flood has arrived: each agent says that it had to leave packets out, and the leader that it was challenged. */
  async function assertNoticed(leader: string): Promise<void> {
    for (const node of stage.topology.nodes) {
      const log = (await node.exec("cat", [`${node.directory}/pgvip.log`])).stdout;
      assert.match(log, /"event":"overflow"/);
      if (node.name === leader) assert.match(log, /claims the VIP, but Patroni confirms this node|"reason":"claim"/);
    }
  }

  /** What the agents did, for the message of a failure. */
  async function transitions(): Promise<string> {
    const logs = await Promise.all(
      stage.topology.nodes.map((node) => node.exec("grep", ["-E", "transition|lease", `${node.directory}/pgvip.log`])),
    );
    return logs.map(({ stdout }) => stdout).join("\n");
  }

  it("gives the VIP to nobody else", async (t) => {
    const leader = await stage.cluster.waitHealthy();
    await stage.watch.holder(leader);
    const { over } = await flooder.flood(PER_SECOND, 10);
    const outcome = await stage.measure(
      () => Promise.resolve(),
      () => over,
    );
    const { frames, ms } = await over;
    t.diagnostic(
      `${frames} frames in ${ms} ms; ${JSON.stringify(outcome.findings)} ${JSON.stringify(outcome.holders)}`,
    );
    assert.equal(frames, PER_SECOND * 10, "all frames have left");
    // A leader whose Patroni is silent just when it is challenged lets go, and takes the VIP again when Patroni answers.
    // On a machine that is busy with the sender that happens; how long nobody had the VIP is told above.
    const takers = stage.watch.changes.filter(({ atMs, has }) => atMs >= outcome.breakMs && has);
    assert.ok(
      takers.every(({ host }) => host === leader),
      await transitions(),
    );
    assert.equal(outcome.holders.severalMs, 0);
    assert.deepEqual(stage.watch.holders, [leader], await transitions());
    assert.deepEqual(await stage.cluster.leader(), leader);
    await assertNoticed(leader);
  });

  it("does not keep the VIP from the new leader", async (t) => {
    const leader = await stage.cluster.waitHealthy();
    const other = stage.topology.nodes.find(({ name }) => name !== leader)!.name;
    // Longer than the fail-over takes on a slow machine.
    const { process, over } = await flooder.flood(PER_SECOND, 20);
    const outcome = await stage.measure(
      () => stage.cluster.switchover(leader, other),
      () => stage.moved(leader),
    );
    assert.equal(process.running, true, "the flood went on all the time");
    t.diagnostic(
      `${JSON.stringify(outcome.outage)} ${JSON.stringify(outcome.findings)} ${JSON.stringify(outcome.holders)}`,
    );
    assert.ok(outcome.outage !== null && outcome.outage.addedMs < FAIL_OVER_MS, JSON.stringify(outcome.outage));
    await over;
    assert.deepEqual(stage.watch.holders, [other], "and it stays there");
  });
});
