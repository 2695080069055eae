/** The dashboard and the alert rules ask only for metrics that the agent has. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Metrics } from "../../src/shell/metrics.js";
import type { StatusDocument } from "../../src/status.js";

const idle: StatusDocument = {
  version: 1,
  agent: { pid: 1, version: "1.2.3", startedAt: "2026-01-01T00:00:00.000Z" },
  groups: [],
  drops: {},
};

for (const file of ["packaging/grafana/pgvip.json", "packaging/prometheus/pgvip.rules.yml"]) {
  test(`${file} asks for metrics that there are`, async () => {
    const text = await new Metrics(
      () => idle,
      () => ({ groups: [], socketsDestroyed: 0 }),
    ).text();
    const known = new Set(text.split("\n").flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? []));
    const asked = readFileSync(file, "utf8").match(/\b(pgvip|process)_[a-z_]+\b/g) ?? [];
    assert.ok(asked.length > 0);
    for (const name of asked) assert.ok(known.has(name.replace(/_(bucket|count|sum)$/, "")), name);
  });
}
