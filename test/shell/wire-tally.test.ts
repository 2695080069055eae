/** What is counted of the network's own doings, for the metrics. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkEvent, NetworkOrder, OrderFailure } from "../../src/ports/network.js";
import { planHolding } from "../../src/shell/plans.js";
import { WireTally } from "../../src/shell/wire-tally.js";
import { priority, vrid } from "../../src/wire/units.js";
import { Bench, VIP, placement } from "./bench.js";

function bench() {
  const tally = new WireTally();
  const orders: NetworkOrder[] = [];
  const network = tally.watching({
    execute: (given) => orders.push(...given),
    heardAtMs: () => 42,
    close: () => undefined,
  });
  const { speech } = new Bench(["10.0.0.2", "10.0.0.3"]).runner;
  const take = (order: number, number: number, failure: OrderFailure | null = null): void => {
    const leases = { leaseUntilMs: 1, rightUntilMs: 1 };
    const holding = planHolding(speech, placement, vrid(51), number, priority(254), leases);
    network.execute([{ kind: "takeOver", order, holding, announce: true }]);
    tally.happened(done(order, 0, failure));
  };
  return { tally, network, orders, take };
}

function done(order: number, socketsDestroyed: number, failure: OrderFailure | null = null): NetworkEvent {
  return { kind: "done", order, atMs: 1, failure, times: null, socketsDestroyed, answer: null, sentAtMs: null };
}

function leaseEnded(holding: number, silent: boolean): NetworkEvent {
  return { kind: "leaseEnded", holding, atMs: 1, leaseUntilMs: 1, silent, socketsDestroyed: 2, failure: null };
}

test("a release says priority 0 to each peer, an abandoned VIP to none", () => {
  const { tally, network, orders, take } = bench();
  take(1, 1);
  network.execute([{ kind: "release", order: 2, holding: 1, resign: true }]);
  tally.happened(done(2, 3));
  assert.equal(tally.resigned(VIP), 2);
  take(3, 2);
  network.execute([{ kind: "abandon", order: 4, holding: 2 }]);
  assert.equal(tally.resigned(VIP), 2);
  assert.equal(tally.socketsDestroyed, 3);
  assert.deepEqual(
    orders.map(({ kind }) => kind),
    ["takeOver", "release", "takeOver", "abandon"],
  );
});

test("a lease that ended says it too, unless it was noticed too late", () => {
  const { tally, take } = bench();
  take(1, 1);
  tally.happened(leaseEnded(1, false));
  assert.equal(tally.resigned(VIP), 2);
  take(2, 2);
  tally.happened(leaseEnded(2, true));
  // Old news about a holding that is over.
  tally.happened(leaseEnded(2, false));
  assert.equal(tally.resigned(VIP), 2);
  assert.equal(tally.socketsDestroyed, 6);
});

test("a VIP that could not be taken is not resigned", () => {
  const { tally, network, take } = bench();
  take(1, 1, { call: "RTM_NEWADDR", errno: "EPERM", detail: "" });
  network.execute([{ kind: "release", order: 2, holding: 1, resign: true }]);
  assert.equal(tally.resigned(VIP), 0);
});

test("several orders at once are passed on, and so is the question when somebody was heard", () => {
  const { network, orders } = bench();
  const renew = { kind: "renew", holding: 1, leaseUntilMs: 1, rightUntilMs: 1 } as const;
  network.execute([
    { ...renew, order: 1 },
    { ...renew, order: 2 },
  ]);
  assert.deepEqual(
    orders.map(({ order }) => order),
    [1, 2],
  );
  assert.equal(network.heardAtMs(7, 51, "10.0.0.2"), 42);
});
