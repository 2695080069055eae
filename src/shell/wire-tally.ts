/**
 * Counts what the network thread does on its own way out: adverts of priority 0, and TCP sessions that were reset. It looks
 * at orders and events as they pass, so that neither groups nor the addon have to count for the metrics.
 */
import type { Network, NetworkEvent, NetworkOrder } from "../ports/network.js";

interface Held {
  /** A group is named by its VIPs. */
  readonly group: string;
  /** Adverts of priority 0 that tell the end of the holding. */
  readonly resignations: number;
}

export class WireTally {
  readonly #held = new Map<number, Held>();
  /** Take-overs under way: one that fails leaves nothing to resign. */
  readonly #taking = new Map<number, number>();
  readonly #resigned = new Map<string, number>();
  #socketsDestroyed = 0;

  get socketsDestroyed(): number {
    return this.#socketsDestroyed;
  }

  /** Adverts of priority 0 sent so far. */
  resigned(group: string): number {
    return this.#resigned.get(group) ?? 0;
  }

  /** The same network, its orders looked at. */
  watching(network: Network): Network {
    return {
      execute: (orders) => {
        for (const order of orders) this.#ordered(order);
        network.execute(orders);
      },
      heardAtMs: (...where) => network.heardAtMs(...where),
      close: () => {
        network.close();
      },
    };
  }

  happened(event: NetworkEvent): void {
    if (event.kind === "done") {
      const taken = this.#taking.get(event.order);
      this.#taking.delete(event.order);
      if (taken !== undefined && event.failure !== null) this.#held.delete(taken);
      this.#socketsDestroyed += event.socketsDestroyed;
    } else if (event.kind === "leaseEnded") {
      this.#end(event.holding, !event.silent);
      this.#socketsDestroyed += event.socketsDestroyed;
    }
  }

  #ordered(order: NetworkOrder): void {
    if (order.kind === "takeOver") {
      const { holding, addresses, resignations } = order.holding;
      const group = addresses.map(({ address }) => address).join(",");
      this.#held.set(holding, { group, resignations: resignations.length });
      this.#taking.set(order.order, holding);
    } else if (order.kind === "release") this.#end(order.holding, order.resign);
    else if (order.kind === "abandon") this.#end(order.holding, false);
  }

  #end(holding: number, resigns: boolean): void {
    const held = this.#held.get(holding);
    this.#held.delete(holding);
    if (held !== undefined && resigns) this.#resigned.set(held.group, this.resigned(held.group) + held.resignations);
  }
}
