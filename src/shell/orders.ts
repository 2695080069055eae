/**
 * Numbers orders to the network and hands each outcome to whoever gave the order.
 *
 * Each order wakes the network thread up. What all groups order four times a second, and nothing hurries with, is given
 * together: at the end of this turn of the event loop, or before the next order that hurries.
 */
import { assert } from "../assert.js";
import type { Network, NetworkEvent, NetworkOrder } from "../ports/network.js";

export type Outcome = NetworkEvent & { readonly kind: "done" };

/** A lease lasts much longer than a turn of the event loop, and an advert too many does no harm. */
const UNHURRIED: ReadonlySet<NetworkOrder["kind"]> = new Set(["renew", "expectAdverts"]);

type Unnumbered<Order> = Order extends NetworkOrder ? Omit<Order, "order"> : never;

export class Orders {
  readonly #network: Network;
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  readonly #given: NetworkOrder[] = [];
  #last = 0;

  constructor(network: Network) {
    this.#network = network;
  }

  /** Gives an order; the promise always resolves, with the failure inside the outcome. */
  give(order: Unnumbered<NetworkOrder>): Promise<Outcome> {
    this.#last += 1;
    const number = this.#last;
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve);
      this.#given.push({ ...order, order: number });
      if (UNHURRIED.has(order.kind)) {
        if (this.#given.length === 1)
          setImmediate(() => {
            this.#pass();
          });
      } else this.#pass();
    });
  }

  #pass(): void {
    const orders = this.#given.splice(0);
    if (orders.length > 0) this.#network.execute(orders);
  }

  /** See `Network`: the one thing that is not an order, but asked of the network all the same. */
  heardAtMs(...where: Parameters<Network["heardAtMs"]>): number | null {
    return this.#network.heardAtMs(...where);
  }

  settle(outcome: Outcome): void {
    const waiting = this.#waiting.get(outcome.order);
    assert(waiting !== undefined, "every outcome answers an order");
    this.#waiting.delete(outcome.order);
    waiting(outcome);
  }
}
