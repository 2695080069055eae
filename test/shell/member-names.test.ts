/** Peers that Patroni knows by name. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Member } from "../../src/core/observation.js";
import { MemberNames } from "../../src/shell/member-names.js";

function members(...hosts: readonly (string | null)[]): readonly Member[] {
  const member = {
    name: "pg1",
    role: "leader",
    state: "running",
    port: 5432,
    apiUrl: null,
    timeline: 1,
    lagBytes: null,
  };
  return hosts.map((host) => ({ ...member, host }));
}

class Bench {
  readonly table = new Map<string, readonly string[]>();
  readonly warnings: string[] = [];
  readonly names = new MemberNames(
    (_name, text) => this.warnings.push(text),
    (name) => {
      const found = this.table.get(name);
      if (found === undefined) return Promise.reject(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }));
      return Promise.resolve(found);
    },
  );
}

test("addresses are taken as they are, names are resolved, each once", async () => {
  const bench = new Bench();
  bench.table.set("pg3.example", ["10.0.0.3", "2001:DB8::3", "10.0.0.2"]);
  const found = await bench.names.addressesOf(members("10.0.0.2", "pg3.example", null, "2001:DB8::1"));
  assert.deepEqual(found, ["10.0.0.2", "10.0.0.3", "2001:db8::1", "2001:db8::3"]);
  assert.deepEqual(bench.warnings, []);
});

test("a host's own name, which is a loopback on Debian, is no peer", async () => {
  const bench = new Bench();
  bench.table.set("pg1", ["127.0.1.1"]).set("pg2", ["::1", "10.0.0.2"]);
  assert.deepEqual(await bench.names.addressesOf(members("pg1", "pg2")), ["10.0.0.2"]);
});

test("a name that cannot be resolved is told once, and keeps the address it had", async () => {
  const bench = new Bench();
  assert.deepEqual(await bench.names.addressesOf(members("pg2", "10.0.0.1")), ["10.0.0.1"]);
  await bench.names.addressesOf(members("pg2"));
  assert.equal(bench.warnings.length, 1);
  assert.match(bench.warnings[0] ?? "", /pg2 cannot be resolved \(ENOTFOUND\): it gets no adverts/);
  bench.table.set("pg2", ["10.0.0.2"]);
  assert.deepEqual(await bench.names.addressesOf(members("pg2")), ["10.0.0.2"]);
  bench.table.delete("pg2");
  assert.deepEqual(await bench.names.addressesOf(members("pg2")), ["10.0.0.2"]);
  assert.match(bench.warnings[1] ?? "", /it keeps 10\.0\.0\.2/);
});

test("this host's own resolver is asked", async () => {
  const names = new MemberNames(() => undefined);
  assert.deepEqual(await names.addressesOf(members("localhost")), []);
  const warnings: string[] = [];
  await new MemberNames((_name, text) => warnings.push(text)).addressesOf(members("no-such-name.invalid"));
  assert.equal(warnings.length, 1);
});
