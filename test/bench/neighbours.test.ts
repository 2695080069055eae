/** Lines of `ip -ts -o monitor neigh`, as iproute2 6.1 wrote them, become changes of one entry on the monotonic clock. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseNeighbour } from "../../bench/neighbours.js";

const vip = "10.0.0.1";
const at = new Date("2026-11-26T04:47:49").getTime();

describe("neighbour entries", () => {
  for (const [line, expected] of [
    ["10.0.0.1 dev d0 lladdr 00:11:22:33:44:55 REACHABLE ", { mac: "00:11:22:33:44:55", state: "REACHABLE" }],
    ["10.0.0.1 dev d0 lladdr 00:11:22:33:44:66 STALE ", { mac: "00:11:22:33:44:66", state: "STALE" }],
    ["10.0.0.1 dev d0 FAILED ", { mac: null, state: "FAILED" }],
    ["Deleted 10.0.0.1 dev d0 lladdr 00:11:22:33:44:66 STALE ", { mac: null, state: "NONE" }],
  ] as const) {
    test(line, () => {
      const found = parseNeighbour(`[2026-11-26T04:47:49.612263] ${line}`, vip, -at) ?? assert.fail("not read");
      const { atMs, ...entry } = found;
      assert.deepEqual(entry, expected);
      assert.ok(Math.abs(atMs - 612.263) < 0.001, `${atMs}`);
    });
  }

  test("of other addresses, and lines of another kind, are passed over", () => {
    for (const line of [
      "[2026-11-26T04:47:49.612263] 10.0.0.10 dev d0 lladdr 00:11:22:33:44:55 REACHABLE",
      "[2026-11-26T04:47:49.612263] 10.0.0.1 dev d0",
      "10.0.0.1 dev d0 lladdr 00:11:22:33:44:55 REACHABLE",
      "",
    ]) {
      assert.equal(parseNeighbour(line, vip, 0), null, line);
    }
  });
});
