/** The arithmetic behind the measurements, on records written by hand. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { addedOutage, findings, firstEchoFrom, leaderSpans } from "../../lab/findings.js";
import { formatMs, summarize, table } from "../../lab/measure.js";
import type { ProbeRecord, WriteRecord } from "../../lab/probe/records.js";
import { spansOf, subtract, totalMs, union, within } from "../../lab/spans.js";
import { holderTimes } from "../../lab/watch.js";

function echo(sentMs: number, answeredMs: number | null): ProbeRecord {
  return { kind: "echo", sentMs, answeredMs, node: null };
}

function write(
  target: string,
  endedMs: number,
  outcome: WriteRecord["outcome"],
  node: string | null = null,
): WriteRecord {
  const connectedMs = outcome === "written" ? endedMs - 10 : null;
  const startedMs = endedMs - 11;
  return { kind: "write", target, session: "new", startedMs, connectedMs, endedMs, outcome, node, detail: "" };
}

/** The first success on a session that had met a read-only server. */
function openWrite(target: string, endedMs: number, node: string): WriteRecord {
  const times = { startedMs: endedMs - 1, connectedMs: endedMs - 500, endedMs };
  return { kind: "write", target, session: "open", ...times, outcome: "written", node, detail: "" };
}

describe("findings", () => {
  const span = { fromMs: 0, toMs: 100 };

  test("the longest silence is the longest time without an answer, the ends of the span included", () => {
    const records = [echo(5, 6), echo(15, 16), echo(25, null), echo(35, null), echo(45, 46), echo(95, 96)];
    const { echoes } = findings(records, span);
    assert.deepEqual(echoes, { sent: 6, lost: 2, longestSilenceMs: 50 });
    assert.equal(findings([echo(90, 91)], span).echoes.longestSilenceMs, 91);
    assert.equal(findings([], span).echoes.longestSilenceMs, 100);
  });

  test("a late answer ends a silence, but its echo stays lost", () => {
    const late: ProbeRecord = { kind: "lateEcho", sentMs: 10, answeredMs: 50, node: null };
    assert.deepEqual(findings([echo(10, null), late], span).echoes, { sent: 1, lost: 1, longestSilenceMs: 50 });
  });

  test("echoes outside of the span do not count", () => {
    assert.deepEqual(findings([echo(-10, null), echo(200, null)], span).echoes.lost, 0);
  });

  test("connections count by outcome; the slowest is the slowest that succeeded", () => {
    const connect = (startedMs: number, tookMs: number, outcome: "connected" | "refused" | "failed"): ProbeRecord => ({
      kind: "connect",
      startedMs,
      endedMs: startedMs + tookMs,
      outcome,
    });
    const records = [
      connect(1, 2, "connected"),
      connect(2, 1003, "connected"),
      connect(3, 1, "refused"),
      connect(4, 9000, "failed"),
    ];
    assert.deepEqual(findings(records, span).connects, { connected: 2, refused: 1, failed: 1, slowestMs: 1003 });
  });

  test("writes count only through the VIP and over new connections", () => {
    const records = [
      write("vip", 12, "written", "a"),
      write("vip", 20, "readOnly"),
      write("vip", 30, "refused"),
      write("vip", 40, "failed"),
      write("vip", 70, "written", "b"),
      openWrite("vip", 60, "b"),
      write("b", 50, "written", "b"),
    ];
    assert.deepEqual(findings(records, span).writes, {
      written: 2,
      readOnly: 1,
      refused: 1,
      failed: 1,
      longestGapMs: 58,
    });
  });
});

describe("sessions", () => {
  test("count by how they ended; the longest wait is that of any statement", () => {
    const statement = (startedMs: number, endedMs: number, outcome: "answered" | "cut" | "hung"): ProbeRecord => ({
      kind: "statement",
      session: 1,
      startedMs,
      endedMs,
      outcome,
    });
    const records = [
      statement(-9, 2, "answered"),
      statement(10, 40, "cut"),
      statement(-4950, 50, "hung"),
      statement(90, 5090, "hung"),
    ];
    assert.deepEqual(findings(records, { fromMs: 0, toMs: 100 }).sessions, { cut: 1, hung: 1, longestWaitMs: 5000 });
  });
});

describe("who leads and who answers", () => {
  const patroni = (node: string, askedMs: number, status: number | null): ProbeRecord => ({
    kind: "patroni",
    node,
    askedMs,
    answeredMs: askedMs + 2,
    status,
    role: "",
    state: "",
  });

  test("a node leads from the answer that says so to the question that finds it otherwise", () => {
    const records = [patroni("a", 0, 200), patroni("b", 1, 503), patroni("a", 30, null), patroni("b", 50, 200)];
    assert.deepEqual(
      leaderSpans(records),
      new Map([
        ["a", [{ fromMs: 2, toMs: 30 }]],
        ["b", [{ fromMs: 52, toMs: Infinity }]],
      ]),
    );
  });

  test("the first echo from a node is one that was sent after the break", () => {
    const from = (node: string, sentMs: number): ProbeRecord => ({
      kind: "echo",
      sentMs,
      answeredMs: sentMs + 1,
      node,
    });
    const records = [from("b", 5), from("a", 15), from("b", 35), from("b", 45)];
    assert.equal(firstEchoFrom(records, 10, "b"), 36);
    assert.equal(firstEchoFrom(records, 50, "b"), null);
  });
});

describe("spans", () => {
  const span = (fromMs: number, toMs: number) => ({ fromMs, toMs });

  test("merge where they touch", () => {
    assert.deepEqual(union([span(5, 9), span(0, 2), span(2, 4), span(6, 7)]), [span(0, 4), span(5, 9)]);
  });

  test("subtract what lies across, inside and outside", () => {
    const without = [span(-5, 1), span(3, 4), span(8, 20), span(30, 40)];
    assert.deepEqual(subtract([span(0, 10)], without), [span(1, 3), span(4, 8)]);
    assert.equal(totalMs(subtract([span(0, 10)], without)), 6);
    assert.deepEqual(within([span(0, 10), span(20, Infinity)], span(5, 25)), [span(5, 10), span(20, 25)]);
  });

  test("begin and end with changes; news of what is known changes nothing", () => {
    const changes = [
      { atMs: 1, holds: true },
      { atMs: 2, holds: true },
      { atMs: 5, holds: false },
      { atMs: 6, holds: false },
      { atMs: 7, holds: true },
    ];
    assert.deepEqual(spansOf(changes), [span(1, 5), span(7, Infinity)]);
  });
});

describe("added outage", () => {
  const before = [write("a", 90, "written", "a"), write("vip", 95, "written", "a")];

  test("from the first write on the new primary to the first connection through the VIP that was served", () => {
    const records = [
      ...before,
      // The old primary still takes one after the order to stop.
      write("vip", 112, "written", "a"),
      write("vip", 120, "refused"),
      write("b", 120, "readOnly"),
      openWrite("b", 1500, "b"),
      write("b", 1514, "written", "b"),
      write("vip", 1513, "written", "b"),
      write("vip", 1516, "written", "b"),
    ];
    // Fork and log-in of the connection that was there at 1503 are not the VIP's.
    assert.deepEqual(addedOutage(records, 100, "b"), { possibleMs: 1500, throughVipMs: 1503, addedMs: 3 });
  });

  test("a VIP that led to the new primary beforehand adds nothing", () => {
    const records = [write("b", 120, "readOnly"), write("vip", 1300, "readOnly")];
    const waiting = [openWrite("b", 1500, "b"), openWrite("vip", 1501, "b"), write("vip", 1505, "written", "b")];
    assert.equal(addedOutage([...records, ...waiting], 100, "b")?.addedMs, 1);
    const early = [openWrite("b", 1500, "b"), write("vip", 1504, "written", "b")];
    assert.equal(addedOutage([...records, ...early], 100, "b")?.addedMs, 0);
  });

  test("is not known before both writes have happened", () => {
    const refused = write("b", 120, "readOnly");
    assert.equal(addedOutage([...before, refused, write("b", 1500, "written", "b")], 100, "b"), null);
    assert.equal(addedOutage([...before, refused, write("vip", 1500, "written", "b")], 100, "b"), null);
  });

  test("a primary that comes back itself is measured from its outage, not from what it wrote before", () => {
    const records = [
      ...before,
      write("a", 112, "written", "a"),
      write("vip", 113, "written", "a"),
      write("a", 130, "refused"),
      write("vip", 131, "refused"),
      write("a", 410, "written", "a"),
      write("vip", 413, "written", "a"),
    ];
    assert.deepEqual(addedOutage(records, 100, "a"), { possibleMs: 400, throughVipMs: 403, addedMs: 3 });
  });

  test("is none when the primary takes writes all the time", () => {
    const records = [write("a", 115, "written", "a"), write("vip", 116, "written", "a"), write("vip", 120, "failed")];
    assert.equal(addedOutage(records, 100, "a"), null);
  });

  test("what the new primary wrote before the break does not count", () => {
    const records = [write("b", 50, "written", "b"), write("vip", 50, "written", "b"), write("b", 120, "readOnly")];
    assert.equal(addedOutage(records, 100, "b"), null);
  });
});

describe("holder times", () => {
  const changes = [
    { atMs: 0, host: "a", has: true },
    { atMs: 100, host: "b", has: true },
    { atMs: 115, host: "a", has: false },
    { atMs: 200, host: "b", has: false },
    { atMs: 230, host: "a", has: true },
  ];

  test("add up the time with two holders and with none", () => {
    assert.deepEqual(holderTimes(changes, 0, 300), { severalMs: 15, noneMs: 30 });
  });

  test("count only what lies inside the span", () => {
    assert.deepEqual(holderTimes(changes, 110, 210), { severalMs: 5, noneMs: 10 });
    assert.deepEqual(holderTimes(changes, 120, 190), { severalMs: 0, noneMs: 0 });
    assert.deepEqual(holderTimes([], 0, 50), { severalMs: 0, noneMs: 50 });
  });
});

describe("measure", () => {
  test("summaries by nearest rank, whatever the order", () => {
    const values = Array.from({ length: 20 }, (_, index) => 20 - index);
    assert.deepEqual(summarize(values), { n: 20, median: 10, p95: 19, max: 20 });
    assert.deepEqual(summarize([7]), { n: 1, median: 7, p95: 7, max: 7 });
    assert.equal(summarize([]), null);
  });

  test("milliseconds for people", () => {
    assert.deepEqual(
      [formatMs(0.04), formatMs(-3.26), formatMs(12.7), formatMs(null)],
      ["0.0 ms", "-3.3 ms", "13 ms", "–"],
    );
  });

  test("tables line up", () => {
    assert.equal(
      table(
        ["", "ms"],
        [
          ["long name", "1"],
          ["x", "1000"],
        ],
      ),
      "             ms\n───────────────\nlong name     1\nx          1000",
    );
  });
});
