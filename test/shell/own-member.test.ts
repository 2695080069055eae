/** Which member of the cluster this node is: by the name that Patroni tells, else by where it is reached. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Member } from "../../src/core/observation.js";
import { type Places, ownMember } from "../../src/shell/own-member.js";

const here: Places = { addresses: ["10.0.0.1", "fe80::1", "fd00::1"], names: new Map() };

function member(name: string, host: string | null, apiUrl: string | null = null): Member {
  return { name, host, apiUrl, role: "replica", state: "streaming", port: 5432, timeline: 1, lagBytes: 0 };
}

const members = [member("pg1", "10.0.0.1"), member("pg2", "10.0.0.2")];

describe("the member on this node", () => {
  it("is the one that Patroni names, whatever its address", () => {
    assert.equal(ownMember(members, "pg2", here), "pg2");
  });

  it("is nobody's when the name is in no list: the address is not asked then", () => {
    assert.equal(ownMember(members, "pg3", here), null);
  });

  it("is found by its address where Patroni tells no name (before 4.0)", () => {
    assert.equal(ownMember(members, null, here), "pg1");
    assert.equal(ownMember([member("pg2", "10.0.0.2"), member("pg6", "fd00:0::1")], null, here), "pg6");
  });

  it("is found by the address of its REST interface", () => {
    assert.equal(ownMember([member("pg1", null, "http://10.0.0.1:8008/patroni")], null, here), "pg1");
    assert.equal(ownMember([member("pg1", "db1", "https://[fd00::1]:8008/patroni")], null, here), "pg1");
    assert.equal(ownMember([member("pg1", null, "no URL")], null, here), null);
  });

  it("is found by what its host's name resolved to", () => {
    const named = { ...here, names: new Map([["10.0.0.1", "pg1"]]) };
    assert.equal(ownMember([member("pg1", "db1"), member("pg2", "db2")], null, named), "pg1");
    assert.equal(ownMember([member("pg1", "db1"), member("pg2", "db2")], null, here), null);
  });

  it("cannot be told when two have our address", () => {
    assert.equal(ownMember([...members, member("pg3", "10.0.0.1")], null, here), null);
  });
});
