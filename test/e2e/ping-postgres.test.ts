/** `pgvip ping --pg` against real PostgreSQL: writes on the leader, a replica that refuses them, and nobody there. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Scene } from "../../lab/scene.js";
import type { PingResult } from "../../src/diagnose/ping.js";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

describe("pgvip ping --pg", () => {
  let scene: Scene;
  let leader: string;

  before(async () => {
    scene = await Scene.open({ backend: "postgres" });
    leader = await scene.cluster.waitHealthy();
  });

  after(async () => {
    await scene.close();
  });

  async function ping(node: string, port = 5432, database = "postgres") {
    const { address } = scene.cluster.node(node);
    // A password that nobody asks for, to see that it is printed nowhere.
    const dsn = `postgresql://postgres:planted@${address}:${port}/${database}`;
    const args = [program, "ping", address, "--interval", "50ms", "--for", "2s", "--pg", dsn, "--json"];
    const { code, stdout, stderr } = await scene.topology.client.exec(process.execPath, args, { timeoutMs: 30_000 });
    assert.doesNotMatch(stdout + stderr, /planted/);
    const probe = (JSON.parse(stdout) as PingResult).probes.find(({ name }) => name.startsWith("pg "));
    assert.ok(probe !== undefined, stdout);
    assert.equal(probe.name, `pg ${address}:${port}/${database}`);
    return { code, probe };
  }

  it("writes to the leader, each time over a new connection", async () => {
    const { probe } = await ping(leader);
    assert.ok(probe.answered > 5, JSON.stringify(probe));
    assert.equal(probe.readOnly + probe.refused + probe.failed, 0);
  });

  it("calls a replica read-only, and that a blackout", async () => {
    const { code, probe } = await ping(scene.otherThan(leader));
    assert.equal(code, 1);
    assert.equal(probe.answered, 0);
    assert.ok(probe.readOnly > 5, JSON.stringify(probe));
    assert.deepEqual(
      probe.blackouts.map(({ met }) => met),
      [["read-only"]],
    );
  });

  it("tells a refused connection from a database that is not there", async () => {
    const nobody = await ping(leader, 5999);
    assert.equal(nobody.code, 1);
    assert.ok(nobody.probe.refused > 5 && nobody.probe.answered === 0, JSON.stringify(nobody.probe));
    const unknown = await ping(leader, 5432, "nowhere");
    assert.ok(unknown.probe.failed > 5 && unknown.probe.answered === 0, JSON.stringify(unknown.probe));
    // SQLSTATE invalid_catalog_name.
    assert.deepEqual(unknown.probe.blackouts[0]?.met, ["3D000"]);
  });
});
