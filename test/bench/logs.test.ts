/** The logs of a round: only what is new, abridged when long, with the agent's account of its take-over. */
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { abridged, RoundLogs, saveLogs, takeOverIn } from "../../bench/logs.js";
import { Host } from "../../lab/host.js";

const directory = mkdtempSync(join(tmpdir(), "pgvip-logs-"));
after(() => {
  rmSync(directory, { recursive: true });
});
const node = new Host({ name: "a", address: "", ttl: 64, namespace: "", switchNamespace: "", directory });

function line(event: string, time: string): string {
  return JSON.stringify({ time, event, detectMs: 3.5, decideMs: 0.1, addressMs: 1.2, announceMs: null }) + "\n";
}

describe("logs of a round", () => {
  test("are what was written in it, files that appeared in it included", () => {
    writeFileSync(join(directory, "pgvip.log"), "before\n");
    writeFileSync(join(directory, "keepalived.log"), "of another system's turn\n");
    writeFileSync(join(directory, "data.txt"), "no log\n");
    const logs = new RoundLogs([node]);
    appendFileSync(join(directory, "pgvip.log"), "during\n");
    writeFileSync(join(directory, "patroni.log"), "new\n");
    const found = logs.read();
    assert.deepEqual(
      [...found].sort((a, b) => (a.name < b.name ? -1 : 1)),
      [
        { node: "a", name: "patroni.log", text: "new\n" },
        { node: "a", name: "pgvip.log", text: "during\n" },
      ],
    );
    saveLogs(join(directory, "saved/round"), found);
    assert.equal(readFileSync(join(directory, "saved/round/a.pgvip.log"), "utf8"), "during\n");
  });

  test("keep beginning and end of what is too long", () => {
    const text = `first${"x".repeat(200_000)}last`;
    const short = abridged(text);
    assert.ok(short.length < 70_000 && short.startsWith("first") && short.endsWith("last"));
    assert.match(short, /\n\[134473 characters left out\]\n/);
    assert.equal(abridged("short"), "short");
  });
});

describe("the agent's account", () => {
  const wallMs = Date.parse("2026-01-01T00:00:10.000Z");

  test("is its first take-over, in time after the fault", () => {
    const text =
      "not JSON\n" +
      line("transition", "2026-01-01T00:00:10.100Z") +
      line("tookOver", "2026-01-01T00:00:12.500Z") +
      line("tookOver", "2026-01-01T00:00:11.500Z") +
      '{"event":"tookOver","ti';
    const account = takeOverIn([{ node: "a", name: "pgvip.log", text }], wallMs);
    const parts = { detectMs: 3.5, decideMs: 0.1, addressMs: 1.2, announceMs: null };
    assert.deepEqual(account, { node: "a", atMs: 1500, ...parts });
  });

  test("is absent where nothing was taken over, and in other programs' logs", () => {
    const text = line("tookOver", "2026-01-01T00:00:12.500Z");
    assert.equal(takeOverIn([{ node: "a", name: "keepalived.log", text }], wallMs), null);
    const other = line("transition", "2026-01-01T00:00:12.500Z");
    assert.equal(takeOverIn([{ node: "a", name: "pgvip.log", text: other }], wallMs), null);
  });
});
