/** What an nftables ruleset does with VRRP, from rulesets as `nft -j list ruleset` writes them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ChainVerdict, vrrpVerdicts } from "../../src/diagnose/nft-ruleset.js";

type Expression = Readonly<Record<string, unknown>>;

const chain = { family: "inet", table: "filter", name: "input", handle: 1, type: "filter", hook: "input", prio: 0 };
const protocol = (right: unknown, op = "=="): Expression => ({
  match: { op, left: { payload: { protocol: "ip", field: "protocol" } }, right },
});
const l4proto = (right: unknown): Expression => ({ match: { op: "==", left: { meta: { key: "l4proto" } }, right } });
const state = (...right: readonly string[]): Expression => ({
  match: { op: "in", left: { ct: { key: "state" } }, right },
});
const tcpPort: Expression = { match: { op: "==", left: { payload: { protocol: "tcp", field: "dport" } }, right: 22 } };
const source: Expression = {
  match: { op: "==", left: { payload: { protocol: "ip", field: "saddr" } }, right: "10.0.0.1" },
};
const loopback: Expression = { match: { op: "==", left: { meta: { key: "iifname" } }, right: "lo" } };

function verdict(policy: string, ...rules: readonly (readonly Expression[])[]): ChainVerdict["verdict"] | undefined {
  const objects = rules.map((expr, handle) => ({
    rule: { family: "inet", table: "filter", chain: "input", handle: handle + 2, expr },
  }));
  const json = JSON.stringify({ nftables: [{ metainfo: {} }, { chain: { ...chain, policy } }, ...objects] });
  return vrrpVerdicts(json)?.[0]?.verdict;
}

describe("a chain on the way in", () => {
  const cases: readonly (readonly [string, ChainVerdict["verdict"], string, readonly (readonly Expression[])[]])[] = [
    ["accepts by its policy", "accepted", "accept", []],
    [
      "drops by its policy",
      "dropped",
      "drop",
      [
        [state("established", "related"), { accept: null }],
        [loopback, { accept: null }],
        [tcpPort, { accept: null }],
      ],
    ],
    ["accepts protocol 112", "accepted", "drop", [[protocol(112), { accept: null }]]],
    ["accepts it by name", "accepted", "drop", [[l4proto("vrrp"), { counter: {} }, { accept: null }]]],
    ["accepts it in a set", "accepted", "drop", [[protocol({ set: ["esp", 112] }), { accept: null }]]],
    ["accepts everything new", "accepted", "drop", [[state("new"), { accept: null }]]],
    ["drops it by a rule", "dropped", "accept", [[protocol(112), { drop: null }]]],
    ["rejects all that is left", "dropped", "accept", [[tcpPort, { accept: null }], [{ reject: null }]]],
    ["drops what is not TCP", "dropped", "accept", [[protocol("tcp", "!="), { drop: null }]]],
    [
      "names it with a condition that cannot be judged",
      "mentioned",
      "drop",
      [[protocol(112), source, { accept: null }]],
    ],
  ];
  for (const [what, expected, policy, rules] of cases) {
    it(what, () => {
      assert.equal(verdict(policy, ...rules), expected);
    });
  }

  it("is followed into the chains that it jumps to", () => {
    const json = (verdictThere: string): string =>
      JSON.stringify({
        nftables: [
          { chain: { ...chain, policy: "accept" } },
          { chain: { family: "inet", table: "filter", name: "more", handle: 9 } },
          {
            rule: { family: "inet", table: "filter", chain: "input", handle: 2, expr: [{ jump: { target: "more" } }] },
          },
          { rule: { family: "inet", table: "filter", chain: "more", handle: 3, expr: [{ [verdictThere]: null }] } },
        ],
      });
    assert.equal(vrrpVerdicts(json("drop"))?.[0]?.verdict, "dropped");
    assert.equal(vrrpVerdicts(json("return"))?.[0]?.verdict, "accepted");
  });

  it("that jumps to itself ends all the same", () => {
    const rule = { family: "inet", table: "filter", chain: "input", handle: 2, expr: [{ jump: { target: "input" } }] };
    const json = JSON.stringify({ nftables: [{ chain: { ...chain, policy: "drop" } }, { rule }] });
    assert.equal(vrrpVerdicts(json)?.[0]?.verdict, "dropped");
  });
});

it("reads nothing into what is no ruleset", () => {
  for (const text of ["", "nft: not permitted", "[]", '{"nftables": 1}']) assert.equal(vrrpVerdicts(text), null);
  assert.deepEqual(vrrpVerdicts('{"nftables": [{"chain": {"family": "inet"}}]}'), []);
});
