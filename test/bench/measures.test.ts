/** The measures of a round, and its strips, from an outcome written by hand: a leads, is stopped, b takes over. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { lanesOf } from "../../bench/lanes.js";
import { measureAll, measures } from "../../bench/measures.js";
import type { ProbeRecord } from "../../lab/probe/records.js";
import type { Outcome } from "../../lab/stage.js";

function patroni(node: string, atMs: number, status: number): ProbeRecord {
  const times = { askedMs: atMs, answeredMs: atMs };
  return { kind: "patroni", node, ...times, status, role: status === 200 ? "master" : "replica", state: "running" };
}

function echo(node: string | null, sentMs: number): ProbeRecord {
  return { kind: "echo", sentMs, answeredMs: node === null ? null : sentMs + 1, node };
}

const outcome: Outcome = {
  findings: {
    echoes: { sent: 100, lost: 7, longestSilenceMs: 80 },
    connects: { connected: 10, refused: 1, failed: 0, slowestMs: 33 },
    writes: { written: 10, readOnly: 2, refused: 3, failed: 0, longestGapMs: 900 },
    sessions: { cut: 3, hung: 1, longestWaitMs: 44 },
  },
  outage: { possibleMs: 2000, throughVipMs: 2004, addedMs: 4 },
  holders: { noneMs: 0, severalMs: 0 },
  breakMs: 1000,
  endMs: 3000,
  leader: "b",
  records: [
    patroni("a", 900, 200),
    patroni("a", 1100, 503),
    patroni("b", 900, 503),
    patroni("b", 1900, 200),
    echo("a", 1500),
    echo(null, 1700),
    echo("b", 1960),
    {
      kind: "write",
      target: "vip",
      session: "new",
      startedMs: 2003,
      connectedMs: 2004,
      endedMs: 2010,
      outcome: "written",
      node: "b",
      detail: "",
    },
  ],
  changes: [
    { atMs: 500, host: "a", has: true },
    { atMs: 1950, host: "b", has: true },
    { atMs: 1970, host: "a", has: false },
  ],
};
const context = { leader: "a", hostKilled: false, usesVip: true };

describe("measures", () => {
  test("read an outcome", () => {
    assert.deepEqual(measureAll(outcome, context), {
      added: 4,
      silence: 80,
      lost: 7,
      connect: 33,
      gap: 900,
      readOnly: 2,
      cut: 3,
      hung: 1,
      wait: 44,
      several: 20,
      vacant: 0,
      stale: 70,
      answers: 61,
    });
  });

  test("a killed host holds nothing, and nobody misses a holder while nobody leads", () => {
    const killed = measureAll(outcome, { ...context, hostKilled: true });
    assert.deepEqual([killed["several"], killed["stale"]], [0, 0]);
    // a led until 1100 by its own word, b from 1900 on; b has the VIP from 1950.
    assert.equal(killed["vacant"], 100 + 50);
  });

  test("where the leader stayed, no lock was taken; without a VIP there are no holders", () => {
    const stayed = measureAll({ ...outcome, leader: "a" }, context);
    assert.deepEqual([stayed["stale"], stayed["answers"]], [null, null]);
    const floor = measureAll(outcome, { ...context, usesVip: false });
    for (const { name, ofFloor } of measures) assert.equal(floor[name] !== null, ofFloor, name);
  });
});

describe("lanes", () => {
  const nodes = ["a", "b"].map((name) => ({ name, mac: `mac of ${name}` }));
  const wire = [{ atMs: 1951, sourceMac: "mac of b", kind: "announcement", priority: null, routerId: null } as const];
  const neighbours = [
    { atMs: 400, mac: "mac of a", state: "REACHABLE" },
    { atMs: 1300, mac: "mac of a", state: "STALE" },
    { atMs: 1951, mac: "mac of b", state: "STALE" },
    { atMs: 2500, mac: null, state: "FAILED" },
    { atMs: 2600, mac: "00:00:5e:00:01:33", state: "REACHABLE" },
  ];
  const lanes = lanesOf({ outcome, context, nodes, wire, neighbours });
  const lane = (name: string) => lanes.find((found) => found.name === name) ?? assert.fail(name);

  test("begin with the fault and end with the measurement", () => {
    assert.deepEqual(lane("VIP a").spans, [{ fromMs: 0, toMs: 970, state: "held" }]);
    assert.deepEqual(lane("VIP b"), {
      name: "VIP b",
      spans: [{ fromMs: 950, toMs: 2000, state: "held" }],
      marks: [{ atMs: 951, what: "ARP announcement" }],
    });
  });

  test("tell whom the client would send to, whatever the kernel thinks of the entry", () => {
    assert.deepEqual(lane("client: neighbour").spans, [
      { fromMs: 0, toMs: 951, state: "a" },
      { fromMs: 951, toMs: 1500, state: "b" },
      { fromMs: 1500, toMs: 1600, state: "unresolved" },
      { fromMs: 1600, toMs: 2000, state: "00:00:5e:00:01:33" },
    ]);
  });

  test("hold states from one change to the next", () => {
    assert.deepEqual(lane("Patroni b").spans, [
      { fromMs: 0, toMs: 900, state: "replica" },
      { fromMs: 900, toMs: 2000, state: "leader" },
    ]);
    assert.deepEqual(lane("client: echo").spans, [
      { fromMs: 501, toMs: 700, state: "from a" },
      { fromMs: 700, toMs: 961, state: "lost" },
      { fromMs: 961, toMs: 2000, state: "from b" },
    ]);
    assert.deepEqual(lane("client: write").spans, [{ fromMs: 1010, toMs: 2000, state: "written" }]);
  });
});
