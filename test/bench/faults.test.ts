/** Bounds of the fault matrix: what keeps within one, and what does not. And that the list of faults makes sense. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { allFaults } from "../../bench/faults/faults.js";
import { boundsText, missedBounds } from "../../bench/faults/judge.js";
import { type Value, type Values, lockTakenBack, measureNames } from "../../bench/faults/measures.js";

const nothing = Object.fromEntries(measureNames.map((name) => [name, 0])) as Values;

function missed(value: Value, limits: { readonly atMost?: number; readonly atLeast?: number }): readonly string[] {
  return missedBounds([{ measure: "gone", ...limits }], { ...nothing, gone: value });
}

describe("a bound", () => {
  it("is kept by what lies within it", () => {
    assert.deepEqual(missed(3_500, { atMost: 3_500 }), []);
    assert.deepEqual(missed(5_000, { atLeast: 5_000, atMost: 15_000 }), []);
    assert.deepEqual(missed("never", { atLeast: 5_000 }), [], "never is late enough");
  });

  it("is missed by what lies outside, never happened, or was not measured", () => {
    assert.deepEqual(missed(3_501, { atMost: 3_500 }), ["gone 3501 ms, wanted ≤ 3500 ms"]);
    assert.deepEqual(missed(4_999, { atLeast: 5_000, atMost: 15_000 }), [
      "gone 4999 ms, wanted ≥ 5000 ms and ≤ 15000 ms",
    ]);
    assert.deepEqual(missed("never", { atMost: 3_500 }), ["gone never, wanted ≤ 3500 ms"]);
    assert.deepEqual(missed(null, { atMost: 3_500 }), ["gone –, wanted ≤ 3500 ms"]);
  });

  it("is told in words", () => {
    const bounds = [{ measure: "lost", atMost: 0 } as const, { measure: "gone", atMost: 3_500 } as const];
    assert.equal(boundsText(bounds), "lost 0, gone ≤ 3500 ms");
  });
});

describe("a leader lock that is taken back", () => {
  function leads(node: string, fromMs: number, toMs: number) {
    const said = (askedMs: number, status: number) =>
      ({ kind: "patroni", node, askedMs, answeredMs: askedMs + 1, status, role: "", state: "" }) as const;
    return [said(fromMs, 200), said(toMs, 503)];
  }
  const thawed = { leader: "a", other: "b", marks: new Map([["thawed", 30]] as const) };

  it("is one that a node had, lost to the other, and has again", () => {
    const records = [...leads("a", 0, 10), ...leads("b", 20, 35)];
    assert.ok(lockTakenBack({ ...thawed, outcome: { records, breakMs: 5, leader: "a" } }));
    assert.ok(!lockTakenBack({ ...thawed, outcome: { records, breakMs: 5, leader: "b" } }), "the successor leads");
  });

  it("is none when nobody else led, or when nothing stood still", () => {
    const outcome = { records: leads("a", 0, 40), breakMs: 5, leader: "a" };
    assert.ok(!lockTakenBack({ ...thawed, outcome }));
    const records = [...leads("a", 0, 10), ...leads("b", 20, 35)];
    assert.ok(!lockTakenBack({ ...thawed, marks: new Map(), outcome: { ...outcome, records } }));
  });
});

describe("the faults", () => {
  it("have names of their own, a text, and bounds", () => {
    assert.equal(new Set(allFaults.map(({ name }) => name)).size, allFaults.length);
    for (const { name, about, bounds } of allFaults) {
      assert.match(name, /^[a-z0-9-]+$/);
      assert.ok(about !== "" && bounds.length > 0, name);
    }
  });
});
