/** Groups in doubt who leads share one `/cluster`, and each learns which of its members this node is. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Member } from "../../src/core/observation.js";
import { createLogger } from "../../src/log.js";
import type { Patroni, Unavailable } from "../../src/ports/patroni.js";
import { Cluster } from "../../src/shell/cluster.js";
import { ManualClock } from "./fake-network.js";
import { patroniConfig } from "./servers.js";

const members: readonly Member[] = ["10.0.0.1", "10.0.0.2"].map((host, index) => ({
  name: `pg${String(index + 1)}`,
  role: index === 0 ? "replica" : "leader",
  host,
  state: "running",
  port: 5432,
  apiUrl: null,
  timeline: 1,
  lagBytes: null,
}));

/** A cluster whose `/cluster` answers when it is told to; `configured` is the name of the member here. */
function clusterOf(configured: string | null) {
  const waiting: ((answer: readonly Member[] | Unavailable) => void)[] = [];
  const never = () => new Promise<never>(() => undefined);
  const patroni: Patroni = {
    health: never,
    news: never,
    settings: never,
    members: () => new Promise((resolve) => waiting.push(resolve)),
    close: () => undefined,
  };
  const config = patroniConfig(8008, { name: configured });
  const clock = new ManualClock();
  const context = { clock, log: createLogger("fatal"), ownAddresses: () => ["10.0.0.1"], openMember: () => patroni };
  return { cluster: new Cluster(config, patroni, context), waiting };
}

describe("a cluster that is read", () => {
  it("tells all who ask meanwhile the same, and the next one anew", async () => {
    const { cluster, waiting } = clusterOf(null);
    const both = [cluster.read("pg1"), cluster.read("pg2")];
    assert.equal(waiting.length, 1);
    waiting[0]?.(members);
    assert.deepEqual(
      (await Promise.all(both)).map(({ own }) => own),
      ["pg1", "pg2"],
    );
    void cluster.read("pg1");
    assert.equal(waiting.length, 2);
  });

  it("knows this node by what Patroni says, then by the configuration, then by its address", async () => {
    for (const [configured, stated, own] of [
      ["pg2", "pg1", "pg1"],
      ["pg2", null, "pg2"],
      [null, null, "pg1"],
    ] as const) {
      const { cluster, waiting } = clusterOf(configured);
      const reading = cluster.read(stated);
      waiting[0]?.(members);
      assert.deepEqual(await reading, { sentAtMs: 1_000, members, own });
    }
  });

  it("says so when there is no usable answer", async () => {
    const { cluster, waiting } = clusterOf(null);
    const reading = cluster.read("pg1");
    waiting[0]?.({ kind: "unavailable", detail: "timeout" });
    assert.deepEqual(await reading, { sentAtMs: 1_000, members: null, own: null });
  });
});
