/** Numbers orders to the network and hands each outcome to whoever gave the order. */
import { assert } from "../assert.js";
import type { Network, NetworkEvent, NetworkOrder } from "../ports/network.js";

export type Outcome = NetworkEvent & { readonly kind: "done" };

type Unnumbered<Order> = Order extends NetworkOrder ? Omit<Order, "order"> : never;

export class Orders {
  readonly #network: Network;
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
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
      this.#network.execute({ ...order, order: number });
    });
  }

  settle(outcome: Outcome): void {
    const waiting = this.#waiting.get(outcome.order);
    assert(waiting !== undefined, "every outcome answers an order");
    this.#waiting.delete(outcome.order);
    waiting(outcome);
  }
}
