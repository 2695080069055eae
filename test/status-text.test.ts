/** What a person reads in `pgvip status`: the reason in words, and whether all is in order. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import * as v from "valibot";
import { type GroupStatus, type StatusDocument, statusSchema } from "../src/status.js";
import { statusJsonSchema } from "../src/status-emit.js";
import { isInOrder, reasonText, statusText } from "../src/status-text.js";

const NOW_MS = Date.parse("2026-01-01T00:01:00.000Z");

function at(agoMs: number): string {
  return new Date(NOW_MS - agoMs).toISOString();
}

const standby: GroupStatus = {
  name: "10.0.0.100",
  cluster: null,
  role: "primary",
  vips: ["10.0.0.100/24"],
  interface: "eth0",
  virtualMacs: [],
  routerId: 51,
  state: "standby",
  since: at(60_000),
  reason: "not the leader",
  maintenance: null,
  holder: { address: "10.0.0.2", name: "pg2", self: false, priority: 254, lastAdvertAt: at(40) },
  patroni: {
    verdict: "notLeader",
    text: "Patroni says this node is a replica",
    answeredAt: at(70),
    scope: "demo",
    member: "pg1",
    timeline: 3,
    paused: false,
  },
  peers: [
    {
      address: "10.0.0.2",
      name: "pg2",
      priority: 254,
      lastAdvertAt: at(40),
      vrrpVersion: 3,
      checksum: "pseudo-header",
      advertIntervalMs: 100,
      keyId: null,
      clockAheadMs: null,
      adverts: 9,
    },
  ],
  alarms: [],
  counters: {},
  lastTransition: null,
};

function withGroup(change: Partial<GroupStatus>): StatusDocument {
  return {
    version: 1,
    agent: { pid: 1, version: "0", startedAt: at(3_600_000) },
    groups: [{ ...standby, ...change }],
    drops: {},
  };
}

describe("the reason", () => {
  const reasons: readonly (readonly [what: string, change: Partial<GroupStatus>, words: string])[] = [
    [
      "of a standby names who holds the VIP, and when that was heard",
      {},
      "standby: Patroni says this node is a replica; pg2 holds the VIP, last advert 40 ms ago",
    ],
    [
      "falls back to the address while Patroni has not told the name",
      { holder: { address: "10.0.0.2", name: null, self: false, priority: 254, lastAdvertAt: at(40) } },
      "standby: Patroni says this node is a replica; 10.0.0.2 holds the VIP, last advert 40 ms ago",
    ],
    [
      "tells a holder that is about to let go",
      { holder: { address: "10.0.0.2", name: "pg2", self: false, priority: 1, lastAdvertAt: at(2_000) } },
      "standby: Patroni says this node is a replica; pg2 keeps the VIP until it is taken, last advert 2 seconds ago",
    ],
    [
      "tells that nobody holds it",
      { holder: null },
      "standby: Patroni says this node is a replica; nobody announces that it holds the VIP",
    ],
    [
      "of a holder is what Patroni says",
      { state: "holder", patroni: { ...standby.patroni, text: "Patroni says so" } },
      "holder: Patroni says so",
    ],
    [
      "of a fault is the fault",
      { state: "fault", reason: "eth0 has no carrier", holder: null },
      "fault: eth0 has no carrier; nobody announces that it holds the VIP",
    ],
  ];
  for (const [what, change, words] of reasons) {
    it(what, () => {
      assert.equal(reasonText({ ...standby, ...change }, NOW_MS), words);
    });
  }

  it("is on the screen, with the peers by name", () => {
    const text = statusText(withGroup({}), NOW_MS);
    assert.match(text, /reason +standby: .*pg2 holds the VIP/);
    assert.match(text, /peer +10\.0\.0\.2 \(pg2\), priority 254, VRRPv3, checksum pseudo-header, heard 40 ms ago/);
    assert.match(text, /started 1 hour ago/);
  });

  it("says who signs, with which key, and whose clock is wrong", () => {
    const line = (change: Partial<GroupStatus["peers"][number]>) => {
      const text = statusText(withGroup({ peers: [{ ...standby.peers[0]!, ...change }] }), NOW_MS);
      return /^ *peer +.*?checksum pseudo-header, (.*)$/m.exec(text)?.[1];
    };
    assert.equal(line({}), "heard 40 ms ago");
    assert.equal(line({ keyId: 2, clockAheadMs: 3 }), "signed with key 2, heard 40 ms ago");
    assert.equal(
      line({ keyId: 2, clockAheadMs: -3600 }),
      "signed with key 2, clock 3.6 s behind ours, heard 40 ms ago",
    );
    assert.match(line({ keyId: 2, clockAheadMs: 3600 }) ?? "", /clock 3\.6 s ahead of ours/);
  });
});

describe("in order", () => {
  const alarm = { code: "conflict", since: at(1), text: "somebody else" };
  const cases: readonly (readonly [boolean, Partial<GroupStatus>])[] = [
    [true, { state: "holder" }],
    [true, { state: "standby" }],
    [true, { state: "starting" }],
    [false, { state: "fault" }],
    [false, { state: "lameDuck" }],
    [false, { state: "holder", alarms: [alarm] }],
  ];
  for (const [expected, change] of cases) {
    it(`${JSON.stringify(change)} is ${expected ? "" : "not "}in order`, () => {
      assert.equal(isInOrder(withGroup(change)), expected);
    });
  }
});

describe("the document", () => {
  it("docs/status.schema.json is that of the schema", async () => {
    const file = readFileSync(new URL("../docs/status.schema.json", import.meta.url), "utf8");
    assert.deepEqual(JSON.parse(file), JSON.parse(JSON.stringify(await statusJsonSchema())), "stale: npm run docs");
  });

  it("of an agent without names of members is read all the same", () => {
    const { name: _holder, lastAdvertAt: _last, ...holder } = standby.holder!;
    const { name: _peer, ...peer } = standby.peers[0]!;
    const older = { ...withGroup({}), groups: [{ ...standby, holder, peers: [peer] }] };
    const [group] = v.parse(statusSchema, JSON.parse(JSON.stringify(older))).groups;
    assert.equal(group?.holder?.name, null);
  });
});
