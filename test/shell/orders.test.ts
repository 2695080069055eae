/** Orders that nothing hurries with wake the network up together, or with one that hurries. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Network, NetworkOrder, ReceivedAdvert } from "../../src/ports/network.js";
import { Orders } from "../../src/shell/orders.js";
import { settle } from "./fake-network.js";

const like: ReceivedAdvert = { ifIndex: 7, source: "", destination: "", ttl: 255, pdu: new Uint8Array() };

/** Writes down what it is given at once. */
class Recorder implements Network {
  readonly given: string[] = [];
  readonly orders = new Orders(this);

  execute(orders: readonly NetworkOrder[]): void {
    this.given.push(orders.map(({ kind, order }) => `${String(order)} ${kind}`).join(", "));
  }

  heardAtMs(): null {
    return null;
  }

  close(): void {
    this.given.length = 0;
  }

  renew(): void {
    void this.orders.give({ kind: "renew", holding: 1, leaseUntilMs: 0, rightUntilMs: 0 });
  }

  expect(): void {
    void this.orders.give({ kind: "expectAdverts", like, silenceMs: 0, untilMs: 0 });
  }

  heed(): void {
    void this.orders.give({ kind: "heedAdverts", ifIndex: 7, routerId: 51 });
  }
}

describe("orders", () => {
  it("that hurry are given at once, each by itself", () => {
    const network = new Recorder();
    network.heed();
    void network.orders.give({ kind: "dump" });
    assert.deepEqual(network.given, ["1 heedAdverts", "2 dump"]);
  });

  it("that nothing hurries with are given together, at the end of this turn of the event loop", async () => {
    const network = new Recorder();
    network.renew();
    network.expect();
    await Promise.resolve();
    network.renew();
    assert.deepEqual(network.given, []);
    await settle();
    assert.deepEqual(network.given, ["1 renew, 2 expectAdverts, 3 renew"]);
    network.expect();
    await settle();
    await settle();
    assert.deepEqual(network.given.slice(1), ["4 expectAdverts"]);
  });

  it("that hurry take with them what was given before, in the order given, and nothing is given twice", async () => {
    const network = new Recorder();
    network.expect();
    network.renew();
    network.heed();
    network.heed();
    assert.deepEqual(network.given, ["1 expectAdverts, 2 renew, 3 heedAdverts", "4 heedAdverts"]);
    network.renew();
    await settle();
    await settle();
    assert.deepEqual(network.given.slice(2), ["5 renew"]);
  });

  it("get their own outcomes, whatever the order in which these come", async () => {
    const network = new Recorder();
    const done = { kind: "done", atMs: 0, failure: null, times: null, answer: null, sentAtMs: null } as const;
    const [first, second] = [network.orders.give({ kind: "dump" }), network.orders.give({ kind: "dump" })];
    network.orders.settle({ ...done, order: 2, socketsDestroyed: 22 });
    network.orders.settle({ ...done, order: 1, socketsDestroyed: 11 });
    assert.deepEqual([(await first).socketsDestroyed, (await second).socketsDestroyed], [11, 22]);
  });
});
