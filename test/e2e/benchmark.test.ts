/** The benchmark measures in the lab what its report then shows, and goes on when a system or a scenario fails. */
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Capture } from "../../bench/capture.js";
import { runFlips } from "../../bench/flips.js";
import { Rounds } from "../../bench/rounds.js";
import { agentRestart } from "../../bench/scenarios/agent-restart.js";
import type { Plot } from "../../bench/scenarios/scenario.js";
import { switchover } from "../../bench/scenarios/switchover.js";
import { none } from "../../bench/systems/none.js";
import { pgvip } from "../../bench/systems/pgvip.js";
import type { System } from "../../bench/systems/system.js";
import { PgvipAgents } from "../../lab/agents.js";
import { Stage } from "../../lab/stage.js";
import { vipCidr } from "../../lab/topology.js";
import { until } from "../../lab/wait.js";

describe("flips", () => {
  it("of a system that cannot start are missed, and the others go on", async () => {
    const broken: System = {
      ...pgvip,
      name: "broken",
      create: () => {
        throw new Error("out of order");
      },
    };
    const told: string[] = [];
    const flips = await runFlips({ systems: [broken, pgvip], flips: 1, progress: (text) => told.push(text) });
    assert.deepEqual(flips[0], { system: "broken", round: 1, addedMs: null, answeredMs: null });
    assert.ok(flips[1]?.system === "pgvip" && flips[1].answeredMs !== null, JSON.stringify(flips));
    assert.equal(told[0], "flips of broken failed: out of order");
  });
});

describe("a round", () => {
  it("measures the floor and pgvip, and says when a round failed", async () => {
    const scenarios = [switchover, agentRestart];
    const plan = {
      systems: [none, pgvip],
      scenarios,
      rounds: 1,
      calmSeconds: 1,
      progress: () => undefined,
      save: () => undefined,
    };
    const logs = mkdtempSync(join(tmpdir(), "pgvip-bench-"));
    const rounds = new Rounds({ scene: { backend: "stand-in" }, logs, ...plan });
    try {
      await rounds.run();
      const { results } = rounds;
      const told = results.rounds.map(({ kind, system, scenario }) => `${kind} ${system} ${scenario}`);
      // Without a VIP manager there is none to restart.
      const expected = ["measured none switchover", "measured pgvip switchover", "measured pgvip agent-restart"];
      assert.deepEqual(told, expected, JSON.stringify(results.rounds));
      const moved = results.rounds[1];
      assert.ok(moved?.kind === "measured" && moved.values["added"] !== null && moved.values["lost"] === 0);
      assert.ok(
        moved.lanes.every(({ spans }) => spans.length > 0),
        JSON.stringify(moved.lanes),
      );
      assert.ok(
        moved.lanes.some(({ marks }) => marks.length > 0),
        "no announcement was captured",
      );
      const memory = results.failOverCpu.find(({ system }) => system === "pgvip")?.rssMb;
      assert.ok(memory !== undefined && memory > 40, `two agents have ${memory} MB`);
      const { calm } = results;
      assert.ok(calm !== undefined && calm.longestSilenceMs > 0 && calm.longestWriteGapMs > 0, JSON.stringify(calm));
      // The agent's own account of the take-over, and the log that it stands in.
      assert.ok(moved.takeOver !== undefined && moved.takeOver.atMs > 0 && moved.takeOver.addressMs !== null);
      // The client's frames went to the old node, then to the new one.
      const entry = moved.lanes.find(({ name }) => name === "client: neighbour")?.spans.map(({ state }) => state) ?? [];
      assert.ok(entry.length === 2 && entry[1] === moved.takeOver.node, JSON.stringify(entry));
      const [first, ...later] = moved.neighbours ?? [];
      assert.ok(later.some(({ atMs, mac }) => atMs > 0 && mac !== null && mac !== first?.mac));
      const log = readFileSync(join(logs, "pgvip/switchover-1", `${moved.takeOver.node}.pgvip.log`), "utf8");
      assert.match(log, /"event":"tookOver"/);
      assert.doesNotMatch(log, /"event":"routerId"/, "what was logged before the round is not of it");
      assert.equal(results.starts.length, 1);
    } finally {
      rmSync(logs, { recursive: true });
      await rounds.close();
    }
  });

  it("reports a scenario that goes wrong, and goes on with a new cluster", async () => {
    const act = ({ stage, leader }: Plot): Promise<void> => {
      appendFileSync(`${stage.cluster.node(leader).directory}/patroni.log`, "what went wrong\n");
      return Promise.reject(new Error("out of order"));
    };
    const broken = { ...switchover, name: "broken", act };
    const plan = {
      systems: [none],
      scenarios: [broken],
      rounds: 2,
      calmSeconds: 1,
      progress: () => undefined,
      save: () => undefined,
    };
    const logs = mkdtempSync(join(tmpdir(), "pgvip-bench-"));
    const rounds = new Rounds({ scene: { backend: "stand-in" }, logs, ...plan });
    try {
      await rounds.run();
      const failed = { kind: "failed", system: "none", scenario: "broken", reason: "out of order" };
      assert.match(readFileSync(join(logs, "none/broken-2/pgpat1.patroni.log"), "utf8"), /^what went wrong$/m);
      assert.deepEqual(rounds.results.rounds, [
        { ...failed, round: 1 },
        { ...failed, round: 2 },
      ]);
    } finally {
      rmSync(logs, { recursive: true });
      await rounds.close();
    }
  });
});

describe("a capture", () => {
  it("sees the adverts of the holder from another node", async () => {
    const stage = await Stage.open({ backend: "stand-in", manager: new PgvipAgents({ vips: [vipCidr] }) });
    try {
      const leader = await stage.cluster.leader();
      const capture = await Capture.start(stage.cluster.node(stage.scene.otherThan(leader)));
      await until("adverts", () => capture.seen >= 10);
      const adverts = (await capture.stop()).filter(({ kind }) => kind === "advert");
      assert.ok(adverts.length > 0 && adverts.every(({ priority }) => priority === 254));
    } finally {
      await stage.close();
    }
  });
});
