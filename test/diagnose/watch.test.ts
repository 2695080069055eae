/** The picture of `pgvip status --watch` at any size, and what it calls a change. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Verdict } from "../../src/core/verdict.js";
import { draw, type Size } from "../../src/diagnose/watch/draw.js";
import type { MemberView, WatchView } from "../../src/diagnose/watch/view.js";
import { changesOf, subjectsOf } from "../../src/diagnose/watch/words.js";
import type { GroupStatus } from "../../src/status.js";

const nowMs = Date.parse("2026-01-01T03:00:10.000Z");
const since = "2026-01-01T03:00:00.000Z";
const VIP = "10.0.0.100";

const group: GroupStatus = {
  name: VIP,
  cluster: null,
  role: "primary",
  vips: [`${VIP}/24`],
  interface: "eth0",
  virtualMacs: [],
  routerId: 51,
  state: "standby",
  since,
  reason: "another node has the VIP",
  maintenance: null,
  holder: { address: "10.0.0.2", name: "pg2", self: false, priority: 254, lastAdvertAt: since },
  patroni: {
    verdict: "notLeader",
    text: "Patroni says this node is a replica",
    answeredAt: since,
    scope: "demo",
    member: "pg1",
    timeline: 1,
    paused: false,
  },
  peers: [],
  alarms: [],
  counters: {},
  lastTransition: null,
};

function member(name: string, verdict: Verdict, lagBytes: number | null = null): MemberView {
  return { name, host: null, verdict, timeline: 3, lagBytes };
}

function viewOf(groups: readonly GroupStatus[], change: Partial<WatchView> = {}): WatchView {
  const agent = { pid: 7, version: "1.2.3", startedAt: since };
  return {
    nowMs,
    agent: { kind: "answered", status: { version: 1, agent, groups, drops: {} } },
    cluster: {
      kind: "known",
      paused: false,
      members: [member("pg1", { kind: "notLeader", postgres: "replica" }, 2048), member("pg2", { kind: "writable" })],
    },
    ping: {
      kind: "on",
      vips: new Map([[VIP, { lastAnswerMs: 0.3, silentMs: 20, longestSilenceMs: 130, seconds: [true, false, true] }]]),
    },
    changes: [{ atMs: nowMs, text: "pg2: leader, takes writes" }],
    ...change,
  };
}

function textOf(view: WatchView, columns: number, rows: number): string {
  return draw(view, { columns, rows })
    .map(({ text }) => text)
    .join("\n");
}

const alarmed = { ...group, alarms: [{ code: "conflict", since, text: "10.0.0.9 claims the VIP" }] };

describe("the picture of a watch", () => {
  it("has everything where there is room", () => {
    assert.equal(
      textOf(viewOf([alarmed]), 80, 24),
      `pgvip status  03:00:10 UTC                                                q ends

10.0.0.100/24  not here: standby, since 10 seconds ago
  ALARM 10.0.0.9 claims the VIP (conflict)
  standby: Patroni says this node is a replica; pg2 holds the VIP, last advert
    10 seconds ago
  ping 10.0.0.100: 0.3 ms, longest silence 130 ms
  .x.

  member  Patroni
  pg1     replica                 lag 2.0 KiB, timeline 3
* pg2     leader, takes writes    timeline 3              <- 10.0.0.100

what changed
03:00:10  pg2: leader, takes writes`,
    );
  });

  it("keeps what matters where there is little", () => {
    assert.equal(
      textOf(viewOf([alarmed]), 40, 5),
      `10.0.0.100/24  not here: standby, since>
  ALARM 10.0.0.9 claims the VIP
  standby: Patroni says this node is a
  pg1     replica                 lag 2>
* pg2     leader, takes writes    timel>`,
    );
  });

  it("fits any size, and lets no control characters through", () => {
    const hostile = fc.string({
      unit: fc.constantFrom("\u001b", "[", "2J", "\n", "\r", "\u009b", "a", " ", "€"),
      maxLength: 60,
    });
    const sizes = fc.record({ columns: fc.integer({ min: 20, max: 250 }), rows: fc.integer({ min: 4, max: 60 }) });
    fc.assert(
      fc.property(hostile, sizes, fc.integer({ min: 0, max: 12 }), (text, size: Size, count) => {
        const groups = Array.from({ length: count }, () => ({
          ...alarmed,
          alarms: [{ code: text, since, text }],
          patroni: { ...group.patroni, text },
        }));
        const changes = Array.from({ length: count * 20 }, () => ({ atMs: nowMs, text }));
        const members = Array.from({ length: count }, () => member(text, { kind: "writable" }));
        const view = viewOf(groups, { changes, cluster: { kind: "known", paused: true, members } });
        const lines = draw(view, size);
        assert.ok(lines.length <= size.rows, `${String(lines.length)} lines`);
        for (const line of lines) {
          assert.ok(line.text.length <= size.columns, line.text);
          assert.doesNotMatch(line.text, /[\u0000-\u001f\u007f-\u009f]/);
        }
      }),
    );
  });

  it("says why there is no agent, no cluster and no ping, and goes on", () => {
    const text = textOf(
      viewOf([], {
        agent: { kind: "silent", why: "no agent answers on /run/pgvip/pgvip.sock: ENOENT" },
        cluster: { kind: "unknown", why: "Patroni at http://127.0.0.1:8008 did not tell its members: refused" },
        ping: { kind: "off", why: "a raw socket needs CAP_NET_RAW" },
      }),
      100,
      24,
    );
    for (const part of [/no agent answers on/, /did not tell its members/, /no ping: a raw socket needs/])
      assert.match(text, part);
  });

  it("says SILENT while no echo is answered, and marks trouble", () => {
    const vips = new Map([[VIP, { lastAnswerMs: 0.2, silentMs: 1500, longestSilenceMs: 1500, seconds: [] }]]);
    const lines = draw(viewOf([group], { ping: { kind: "on", vips } }), { columns: 80, rows: 24 });
    assert.deepEqual(
      lines.find(({ text }) => text.includes("ping")),
      { text: "  ping 10.0.0.100: SILENT for 1500 ms, longest silence 1500 ms", look: "bad" },
    );
  });
});

describe("a change", () => {
  const before = subjectsOf(viewOf([group]));

  it("is a subject that says something else, is new, or is gone", () => {
    const fault = { ...alarmed, state: "holder", holder: { ...group.holder!, self: true } };
    const now = subjectsOf(viewOf([fault]));
    const told = [
      "10.0.0.100: holder; the VIP is on this node; Patroni says this node is a replica",
      "10.0.0.100 ALARM conflict: 10.0.0.9 claims the VIP",
    ];
    assert.deepEqual(changesOf(before, now), told);
    assert.deepEqual(changesOf(now, before).slice(1), ["10.0.0.100 ALARM conflict: no more"]);
    assert.deepEqual(changesOf(now, now), []);
  });

  it("is not the passing of time", () => {
    const later = { ...group, holder: { ...group.holder!, lastAdvertAt: "2026-01-01T03:00:09.000Z" } };
    assert.deepEqual(changesOf(before, subjectsOf(viewOf([later], { nowMs: nowMs + 5000 }))), []);
  });
});
