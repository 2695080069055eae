/** The demo's picture stays inside the terminal, and its ping line adds up. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PingLine } from "../../lab/demo/ping-line.js";
import { type DemoView, draw } from "../../lab/demo/view.js";
import { nowMs } from "../../lab/wait.js";

const escapes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g");

const view: DemoView = {
  title: "pgvip keeps 10.0.0.9/24 on the leader of a PostgreSQL cluster",
  vip: "10.0.0.9",
  nodes: [
    { name: "one", address: "10.0.0.1", patroni: "leader, running", hasVip: true },
    { name: "two", address: "10.0.0.2", patroni: "replica, running", hasVip: false },
  ],
  ping: {
    sent: 9,
    lost: 1,
    lastMs: 0.05,
    longestSilenceMs: 12,
    slices: Array.from({ length: 200 }, (_, at) => at % 2 === 0),
  },
  notes: Array.from({ length: 50 }, (_, at) => `note ${at} ${"y".repeat(200)} ${"word ".repeat(20)}end`),
};

describe("the demo's picture", () => {
  for (const [columns, rows] of [
    [80, 24],
    [40, 12],
  ] as const) {
    test(`fits ${columns} × ${rows}`, () => {
      const lines = draw(view, columns, rows).map((line) => line.replace(escapes, ""));
      assert.ok(lines.length < rows);
      for (const line of lines) assert.ok(line.length <= columns, line);
      assert.match(lines.at(-1) ?? "", /^ {4}.*word end$/, "the newest note is there, to its end");
    });
  }

  test("shows who leads and who has the VIP", () => {
    const text = draw(view, 80, 24).join("\n").replace(escapes, "");
    assert.match(text, /one +10\.0\.0\.1 +leader, running +◀ 10\.0\.0\.9/);
    assert.match(text, /two +10\.0\.0\.2 +replica, running *$/m);
  });
});

describe("the ping line", () => {
  test("counts echoes and finds the longest silence", () => {
    const ping = new PingLine();
    const startMs = nowMs();
    ping.note({ kind: "echo", sentMs: startMs - 300, answeredMs: startMs - 299, node: null });
    ping.note({ kind: "echo", sentMs: startMs - 290, answeredMs: null, node: null });
    ping.note({ kind: "echo", sentMs: startMs - 50, answeredMs: startMs - 49, node: null });
    const { sent, lost, longestSilenceMs, lastMs } = ping.view;
    assert.deepEqual({ sent, lost, longestSilenceMs, lastMs }, { sent: 3, lost: 1, longestSilenceMs: 250, lastMs: 1 });
    ping.restart();
    assert.equal(ping.view.lost, 0);
  });

  test("says so while no answer comes", () => {
    const ping = new PingLine();
    ping.note({ kind: "echo", sentMs: nowMs() - 901, answeredMs: nowMs() - 900, node: null });
    const { lastMs, longestSilenceMs, slices } = ping.view;
    assert.equal(lastMs, null);
    assert.ok(longestSilenceMs >= 900);
    assert.equal(slices.at(-1), false);
  });
});
