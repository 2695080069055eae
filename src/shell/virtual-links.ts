/**
 * Interfaces with the virtual MAC of a virtual router (RFC 9568 section 7.3): which a group needs, whether they are there, and
 * which nobody needs any more. They are named after their parent and router ID, so that a later agent knows them again.
 *
 * An interface without a VIP is silent. So it stands there from the start, and taking the VIP costs no more than without it.
 */
import type { GroupConfig } from "../config/config.js";
import type { LinkState } from "../ports/network.js";
import { type Family, type MacAddress, formatMac } from "../wire/addresses.js";
import { failureText } from "./group-runner.js";
import type { Interfaces } from "./interfaces.js";
import type { Orders } from "./orders.js";

/** Where VIPs of a family live. */
export interface Home {
  readonly ifIndex: number;
  readonly mac: MacAddress;
}

export type Homes = Readonly<Partial<Record<Family, Home>>>;

export type Readiness =
  | { readonly kind: "ready"; readonly homes: Homes }
  /** Asked for, and not there yet. */
  | { readonly kind: "pending" }
  | { readonly kind: "failed"; readonly text: string };

/** What counts of a group's configuration. */
type Virtual = Pick<GroupConfig, "vips" | "virtualMac" | "routerId">;

const FAMILY_DIGIT = { ipv4: 4, ipv6: 6 } as const;
/** The fifth byte of the MAC tells the family. */
const FAMILY_BYTE = { ipv4: 1, ipv6: 2 } as const;

export function virtualMac(family: Family, routerId: number): Uint8Array {
  return Uint8Array.of(0x00, 0x00, 0x5e, 0x00, FAMILY_BYTE[family], routerId);
}

/** At most 15 characters, as the kernel wants it, up to the interface 999999. */
export function virtualLinkName(parent: number, family: Family, routerId: number): string {
  return `pgv${String(FAMILY_DIGIT[family])}-${String(parent)}-${String(routerId)}`;
}

/** Whether pgvip has made it, this agent or an earlier one. */
export function isVirtualLink({ name }: Pick<LinkState, "name">): boolean {
  return /^pgv[46]-\d+-\d+$/.test(name);
}

/** The interfaces that a group needs on top of `parent`; none without a virtual MAC. */
export function virtualLinksOf({ vips, virtualMac: wanted, routerId }: Virtual, parent: number) {
  if (!wanted || routerId === null) return [];
  const families = new Set(vips.map(({ family }) => family));
  return [...families].map((family) => ({
    family,
    name: virtualLinkName(parent, family, routerId),
    mac: virtualMac(family, routerId),
  }));
}

export class VirtualLinks {
  readonly #orders: Orders;
  readonly #interfaces: Interfaces;
  /** By name: asked for, or what became of it. */
  readonly #asked = new Map<string, "pending" | { readonly failed: string }>();

  constructor(orders: Orders, interfaces: Interfaces) {
    this.#orders = orders;
    this.#interfaces = interfaces;
  }

  /** Asks for what is missing. Ask again with each change of the links. */
  of(config: Virtual, parent: number): Readiness {
    const states = virtualLinksOf(config, parent).map(({ family, name, mac }) => {
      const link = this.#interfaces.links.find((one) => one.name === name);
      if (link?.up === true) this.#asked.delete(name);
      else if (!this.#asked.has(name)) this.#ask(parent, name, mac, link !== undefined);
      return { family, name, link };
    });
    for (const { name } of states) {
      const asked = this.#asked.get(name);
      if (typeof asked === "object") return { kind: "failed", text: asked.failed };
    }
    const homes: Partial<Record<Family, Home>> = {};
    for (const { family, link } of states) {
      if (link?.up !== true) return { kind: "pending" };
      homes[family] = { ifIndex: link.ifIndex, mac: formatMac(link.mac) };
    }
    return { kind: "ready", homes };
  }

  /** An operator has done something: what failed may work now. */
  retry(): void {
    for (const [name, state] of this.#asked) if (state !== "pending") this.#asked.delete(name);
  }

  /** Removes what no name in `wanted` asks for. Resolves when it is gone. */
  async removeBut(wanted: readonly string[]): Promise<void> {
    const unused = this.#interfaces.links.filter((link) => isVirtualLink(link) && !wanted.includes(link.name));
    await Promise.all(unused.map(({ name }) => this.#orders.give({ kind: "removeVirtualLink", name })));
  }

  /** One that is there and down is made anew: an earlier agent was stopped in the middle. */
  #ask(parent: number, name: string, mac: Uint8Array, isThere: boolean): void {
    this.#asked.set(name, "pending");
    if (isThere) void this.#orders.give({ kind: "removeVirtualLink", name });
    void this.#orders.give({ kind: "addVirtualLink", ifIndex: parent, name, mac }).then(({ failure }) => {
      if (failure !== null) this.#asked.set(name, { failed: `no virtual MAC: ${failureText(failure)}` });
    });
  }
}
