/** What a drill saw, as events and as lanes: what counts as a change, when a state is over, and what is left undrawn. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { drillHtml } from "../../src/diagnose/drill-html.js";
import { DrillTrail } from "../../src/diagnose/drill-trail.js";

const lasting = { validMs: Infinity, gap: null };

describe("the trail of a drill", () => {
  it("tells only changes, of each actor's subjects by themselves", () => {
    const trail = new DrillTrail();
    for (const atMs of [100, 200, 300]) {
      trail.tellChange("Patroni", "pg1", "leads", atMs);
      trail.tellChange("VIP", "pg1", "holds the VIP", atMs + 1);
    }
    trail.tellChange("Patroni", "pg1", "is a replica", 400);
    assert.deepEqual(trail.events(100), [
      { atMs: 0, actor: "Patroni", text: "pg1: leads" },
      { atMs: 1, actor: "VIP", text: "pg1: holds the VIP" },
      { atMs: 300, actor: "Patroni", text: "pg1: is a replica" },
    ]);
    assert.equal(trail.firstCauseMs(200), 400);
    assert.equal(trail.firstCauseMs(400), null);
  });

  it("does not take a client's trouble for the cause", () => {
    const trail = new DrillTrail();
    trail.tell("client", "tcp 5432: ECONNREFUSED", 10);
    trail.tell("Patroni", "pg1: is stopping", 20);
    assert.equal(trail.firstCauseMs(0), 20);
  });

  it("draws a state until there is another", () => {
    const trail = new DrillTrail();
    trail.openLane("Patroni pg1", lasting);
    for (const [state, atMs] of [
      ["leader", 100],
      ["leader", 150],
      ["lock", 200],
      ["replica", 260],
    ] as const)
      trail.sample("Patroni pg1", state, atMs);
    assert.deepEqual(trail.lanes(200, 300), [
      {
        name: "Patroni pg1",
        spans: [
          { fromMs: -100, toMs: 0, state: "leader" },
          { fromMs: 0, toMs: 60, state: "lock" },
          { fromMs: 60, toMs: 100, state: "replica" },
        ],
        marks: [],
      },
    ]);
  });

  it("ends a state that nobody confirms where it was last seen, and calls the rest a gap", () => {
    const trail = new DrillTrail();
    trail.openLane("VIP pg1", { validMs: 300, gap: null });
    trail.openLane("client: icmp", { validMs: 50, gap: "lost" });
    for (const atMs of [0, 100, 200, 900]) trail.sample("VIP pg1", "held", atMs);
    for (const atMs of [0, 40, 400, 440]) trail.sample("client: icmp", "answered", atMs);
    const [vip, client] = trail.lanes(0, 1000);
    assert.deepEqual(vip?.spans, [
      { fromMs: 0, toMs: 200, state: "held" },
      { fromMs: 900, toMs: 1000, state: "held" },
    ]);
    assert.deepEqual(client?.spans, [
      { fromMs: 0, toMs: 40, state: "answered" },
      { fromMs: 40, toMs: 400, state: "lost" },
      { fromMs: 400, toMs: 440, state: "answered" },
      { fromMs: 440, toMs: 1000, state: "lost" },
    ]);
  });

  it("puts a late word behind what was seen before", () => {
    const trail = new DrillTrail();
    trail.openLane("client: tcp", lasting);
    trail.sample("client: tcp", "answered", 100);
    trail.sample("client: tcp", "refused", 90);
    trail.sample("client: tcp", "answered", 120);
    assert.deepEqual(trail.lanes(0, 200)[0]?.spans, [
      { fromMs: 100, toMs: 120, state: "refused" },
      { fromMs: 120, toMs: 200, state: "answered" },
    ]);
  });
});

describe("the page of a drill", () => {
  const html = drillHtml({
    version: 1,
    vip: "10.0.0.100",
    from: "<pg1>",
    to: "pg2",
    startedAt: "2026-01-01T00:00:00.000Z",
    events: [{ atMs: -12, actor: "Patroni", text: "<pg1>: leads" }],
    lanes: [
      { name: "Patroni <pg1>", spans: [{ fromMs: -1000, toMs: 500, state: "leader" }], marks: [] },
      {
        name: "ARP",
        spans: [],
        marks: [
          { atMs: 250, what: "announced" },
          { atMs: -900, what: "before" },
        ],
      },
    ],
    probes: [],
    writableMs: 240,
    servedMs: null,
    ownShareMs: null,
  });

  it("needs nothing from elsewhere and escapes what it shows", () => {
    assert.doesNotMatch(html, /<script|<link|src=|url\(|https?:|<pg1>/);
    assert.ok(html.includes("from &lt;pg1&gt; to pg2"));
  });

  it("draws what lies in its window, with the times of the whole span", () => {
    assert.match(html, /<rect x="0\.000%" width="100\.000%"[^>]*class="good"><title>leader: -1000\.0 to 500\.0 ms/);
    assert.equal([...html.matchAll(/<line /g)].length, 1);
    assert.match(html, /<span style="left:[\d.]+%">0 s<\/span>/);
  });

  it("says what it does not know", () => {
    assert.match(html, /new leader took writes at<\/td><td>\+240 ms/);
    assert.match(html, /got through the VIP at<\/td><td>not seen/);
    assert.match(html, /own share of the outage<\/td><td>not known/);
  });
});
