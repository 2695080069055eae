/** The links and addresses of this host, kept up to date from network events. */
import type { AddressState, LinkState, NetworkEvent } from "../ports/network.js";

export class Interfaces {
  #links = new Map<number, LinkState>();
  #addresses = new Map<string, AddressState>();

  get links(): readonly LinkState[] {
    return [...this.#links.values()];
  }

  get addresses(): readonly AddressState[] {
    return [...this.#addresses.values()];
  }

  /** Takes in an event; false when it is about something else. */
  note(event: NetworkEvent): boolean {
    switch (event.kind) {
      case "snapshot":
        this.#links = new Map(event.links.map((link) => [link.ifIndex, link]));
        this.#addresses = new Map(event.addresses.map((address) => [keyOf(address), address]));
        return true;
      case "link":
        if (event.change === "present") this.#links.set(event.link.ifIndex, event.link);
        else this.#links.delete(event.link.ifIndex);
        return true;
      case "address":
        if (event.change === "present") this.#addresses.set(keyOf(event.address), event.address);
        else this.#addresses.delete(keyOf(event.address));
        return true;
      default:
        return false;
    }
  }

  /** Whether the interface has this address, with whatever prefix length. */
  has(ifIndex: number, address: string): boolean {
    return this.addresses.some((known) => known.ifIndex === ifIndex && known.address === address);
  }
}

function keyOf(address: AddressState): string {
  return `${String(address.ifIndex)} ${address.address}/${String(address.prefixLength)}`;
}
