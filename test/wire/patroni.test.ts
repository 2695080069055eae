import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { parseMembers, parseSettings, parseStatus, type Parsed, type PatroniStatus } from "../../src/wire/patroni.js";

function answer(name: string): string {
  return readFileSync(new URL(`patroni/${name}.json`, import.meta.url), "utf8");
}

function valueOf<Value>(parsed: Parsed<Value>): Value {
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.problem);
  return parsed.value;
}

function statusOf(fields: object): PatroniStatus {
  return valueOf(parseStatus(JSON.stringify({ role: "primary", state: "running", ...fields })));
}

const quiet = { pause: false, failsafeActive: false, clusterUnlocked: false, watchdogFailed: false };

test("status: a primary of Patroni 3.0.2", () => {
  assert.deepEqual(valueOf(parseStatus(answer("3.0.2-primary"))), {
    ...{ role: "primary", rawRole: "master", state: "running", rawState: "running", timeline: 1, ...quiet },
    ...{ dcsLastSeenSeconds: 1795405113, scope: "demo", name: null, version: "3.0.2", walPosition: 50331744 },
  });
});

test("status: a replica of Patroni 3.0.2", () => {
  assert.deepEqual(valueOf(parseStatus(answer("3.0.2-replica"))), {
    ...{ role: "replica", rawRole: "replica", state: "running", rawState: "running", timeline: 1, ...quiet },
    ...{ dcsLastSeenSeconds: 1795405113, scope: "demo", name: null, version: "3.0.2", walPosition: 50331744 },
  });
});

test("status: a primary of Patroni 4.1.4", () => {
  assert.deepEqual(valueOf(parseStatus(answer("4.1.4-primary"))), {
    ...{ role: "primary", rawRole: "primary", state: "running", rawState: "running", timeline: 1, ...quiet },
    ...{ dcsLastSeenSeconds: 1795397949, scope: "demo", name: "pg1", version: "4.1.4", walPosition: 67108864 },
  });
});

test("status: roles and states by name, everything else as other", () => {
  const roles = {
    ...{ master: "primary", primary: "primary", replica: "replica", demoted: "demoted", promoted: "promoted" },
    ...{ standby_leader: "standbyLeader", uninitialized: "other", Primary: "other", "": "other", constructor: "other" },
  };
  for (const [rawRole, role] of Object.entries(roles)) {
    const status = statusOf({ role: rawRole });
    assert.deepEqual({ role: status.role, rawRole: status.rawRole }, { role, rawRole });
  }
  const states = {
    ...{ running: "running", starting: "starting", stopping: "stopping", stopped: "stopped", crashed: "crashed" },
    ...{
      unknown: "other",
      restarting: "other",
      "start failed": "other",
      "creating replica": "other",
      __proto__x: "other",
    },
  };
  for (const [rawState, state] of Object.entries(states)) {
    const status = statusOf({ state: rawState });
    assert.deepEqual({ state: status.state, rawState: status.rawState }, { state, rawState });
  }
});

test("status: flags are true only when told so", () => {
  const flags = [
    ["pause", "pause"],
    ["failsafe_mode_is_active", "failsafeActive"],
    ["cluster_unlocked", "clusterUnlocked"],
    ["watchdog_failed", "watchdogFailed"],
  ] as const;
  for (const [key, field] of flags) {
    assert.equal(statusOf({ [key]: true })[field], true, key);
    for (const value of [false, null, 1, "true", [], {}, undefined]) {
      assert.equal(statusOf({ [key]: value })[field], false, `${key} ${JSON.stringify(value)}`);
    }
  }
});

test("status: numbers and names of an unexpected type count as not told", () => {
  for (const value of [null, "1", 1.5, -1, 1e300, true, [1], { at: 1 }, undefined]) {
    const status = statusOf({
      ...{ timeline: value, dcs_last_seen: value, xlog: { location: value, replayed_location: value } },
      patroni: { scope: 7, name: ["pg1"], version: null },
    });
    const { timeline, dcsLastSeenSeconds, walPosition, scope, name, version } = status;
    for (const told of [timeline, dcsLastSeenSeconds, walPosition, scope, name, version]) assert.equal(told, null);
  }
  for (const value of [null, "demo", 7, [], undefined]) {
    const status = statusOf({ patroni: value, xlog: value });
    assert.deepEqual([status.scope, status.walPosition], [null, null]);
  }
});

test("status: zero is no timeline, but a DCS that was never seen, and a WAL position", () => {
  const status = statusOf({ timeline: 0, dcs_last_seen: 0, xlog: { location: 0 } });
  assert.deepEqual([status.timeline, status.dcsLastSeenSeconds, status.walPosition], [null, 0, 0]);
});

test("status: PostgreSQL that does not answer leaves little more than role and state", () => {
  const text = `{"state": "stopping", "role": "master", "cluster_unlocked": true, "dcs_last_seen": 1795405113, "pause": true}`;
  assert.deepEqual(valueOf(parseStatus(text)), {
    ...{ role: "primary", rawRole: "master", state: "stopping", rawState: "stopping", timeline: null, ...quiet },
    ...{ pause: true, clusterUnlocked: true, dcsLastSeenSeconds: 1795405113 },
    ...{ scope: null, name: null, version: null, walPosition: null },
  });
});

const secret = "do-not-quote-me";
const hostile: readonly (readonly [name: string, text: string])[] = [
  ["nothing", ""],
  ["a page", `<html>${secret}</html>`],
  ["half an object", `{"state": "running", "role": "prim`],
  ["two objects", `{"state":"running","role":"primary"}{"state":"running","role":"replica"}`],
  ["null", "null"],
  ["a number", "200"],
  ["a string", JSON.stringify(secret)],
  ["a list", `[{"state":"running","role":"primary"}]`],
  ["an empty object", "{}"],
  ["NaN", `{"state":"running","role":"primary","timeline":NaN}`],
  ["a byte order mark", `\ufeff{"state":"running","role":"primary"}`],
  ["role and state only in a prototype", `{"__proto__":{"state":"running","role":"primary","members":[]}}`],
  ["a role that is no string", `{"state":"running","role":["${secret}"]}`],
  ["a state that is no string", `{"state":{"${secret}":1},"role":"primary"}`],
  ["no state", `{"role":"primary","${secret}":"running"}`],
  ["deep lists", "[".repeat(500_000)],
  ["deep objects", `{"a":`.repeat(200_000)],
];

for (const [name, text] of hostile) {
  test(`status, members: ${name} is a problem, told without quoting it`, () => {
    for (const parsed of [parseStatus(text), parseMembers(text)]) {
      assert.ok(!parsed.ok);
      assert.match(parsed.problem, /^[\x20-\x7e]{5,120}$/);
      assert.doesNotMatch(parsed.problem, new RegExp(secret));
    }
  });
}

test("problems name the field", () => {
  const table: readonly (readonly [parsed: Parsed<unknown>, problem: string])[] = [
    [parseStatus("[]"), "not a JSON object"],
    [parseStatus(`{"state":"running"}`), `"role" must be a string, is missing`],
    [parseStatus(`{"role":"primary","state":null}`), `"state" must be a string, is null`],
    [parseStatus(`{"role":"primary","state":[]}`), `"state" must be a string, is a list`],
    [parseSettings(`{"ttl":0}`), `"ttl" must be 1 to 86400 seconds, is 0`],
    [parseSettings(`{"loop_wait":true}`), `"loop_wait" must be 1 to 86400 seconds, is boolean`],
    [parseMembers(`{"members":[{"name":"a","role":"leader"},{"name":"b"}]}`), `"members[1]" has no "name" and "role"`],
  ];
  for (const [parsed, problem] of table) assert.deepEqual(parsed, { ok: false, problem });
});

const defaults = { ttlMs: 30_000, loopWaitMs: 10_000, retryTimeoutMs: 10_000, failsafeMode: false };

test("settings: as Patroni 3.0.2 tells them", () => {
  assert.deepEqual(valueOf(parseSettings(answer("3.0.2-config"))), defaults);
});

test("settings: what is not set has Patroni's default, what is set is read as Patroni reads it", () => {
  const table: readonly (readonly [string, object])[] = [
    ["{}", {}],
    [`{"ttl":null}`, {}],
    [`{"ttl":20,"loop_wait":1,"retry_timeout":8}`, { ttlMs: 20_000, loopWaitMs: 1_000, retryTimeoutMs: 8_000 }],
    [`{"ttl":"45"}`, { ttlMs: 45_000 }],
    [`{"ttl":45.9}`, { ttlMs: 45_000 }],
    [`{"failsafe_mode":true}`, { failsafeMode: true }],
    [`{"failsafe_mode":"On"}`, { failsafeMode: true }],
    [`{"failsafe_mode":1}`, { failsafeMode: true }],
    [`{"failsafe_mode":"off"}`, {}],
    [`{"failsafe_mode":{"on":true}}`, {}],
  ];
  for (const [text, changes] of table)
    assert.deepEqual(valueOf(parseSettings(text)), { ...defaults, ...changes }, text);
});

test("settings: a span that cannot be is a problem, never a default", () => {
  for (const key of ["ttl", "loop_wait", "retry_timeout"]) {
    for (const value of [0, 0.9, -30, 86_401, 1e308, "", "30s", " 30", "0x1e", "9".repeat(400), true, [], {}]) {
      const parsed = parseSettings(JSON.stringify({ [key]: value }));
      assert.ok(!parsed.ok && parsed.problem.includes(`"${key}"`), `${key} ${JSON.stringify(value)}`);
    }
  }
  for (const text of ["", "null", "[]", "30"]) assert.equal(parseSettings(text).ok, false, text);
});

test("members: as Patroni 3.0.2 tells them", () => {
  const common = { state: "running", host: "127.0.0.1", timeline: 1 };
  assert.deepEqual(valueOf(parseMembers(answer("3.0.2-cluster"))), [
    { name: "pg1", role: "leader", port: 5431, apiUrl: "http://127.0.0.1:8001/patroni", lagBytes: null, ...common },
    { name: "pg2", role: "replica", port: 5432, apiUrl: "http://127.0.0.1:8002/patroni", lagBytes: 0, ...common },
  ]);
});

test("members: a stranger among them is a problem, a bare one is not", () => {
  assert.deepEqual(valueOf(parseMembers(`{"members":[]}`)), []);
  assert.deepEqual(valueOf(parseMembers(`{"members":[{"name":"a","role":"replica","port":"5432","lag":"unknown"}]}`)), [
    { name: "a", role: "replica", state: "", host: null, port: null, apiUrl: null, timeline: null, lagBytes: null },
  ]);
  for (const entry of [
    "null",
    "7",
    `"a"`,
    "[]",
    "{}",
    `{"name":"a"}`,
    `{"role":"leader"}`,
    `{"name":1,"role":"leader"}`,
  ]) {
    assert.equal(parseMembers(`{"members":[${entry}]}`).ok, false, entry);
  }
  for (const members of ["null", "{}", `"a"`, "1"])
    assert.equal(parseMembers(`{"members":${members}}`).ok, false, members);
});

test("Patroni's JSON: whatever the text, no exception", () => {
  const keys = ["role", "state", "timeline", "xlog", "patroni", "location", "members", "name", "ttl", "dcs_last_seen"];
  const tree = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(fc.jsonValue({ maxDepth: 0 }), fc.constantFrom("running", "primary", 30)),
      fc.array(tie("node"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie("node"), { maxKeys: 8 }),
    ),
  })).node;
  const text = fc.oneof(
    fc.string(),
    tree.map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(text, (body) => {
      for (const parse of [parseStatus, parseSettings, parseMembers]) assert.equal(typeof parse(body).ok, "boolean");
    }),
    { numRuns: 2000 },
  );
});
