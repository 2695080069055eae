/**
 * On which interface a group lives, judged from the links and addresses of this host. Pure: the agent asks again with each
 * change, and waits while the answer is "missing".
 */
import type { AddressState, LinkState } from "../ports/network.js";
import { isVirtualLink } from "./virtual-links.js";
import { type Cidr, isLinkLocal, isOnSubnet } from "../wire/addresses.js";

export type Resolution =
  | { readonly ok: true; readonly ifIndex: number; readonly name: string }
  | { readonly ok: false; readonly problem: Problem };

export interface Problem {
  readonly kind:
    /** The named interface does not exist (yet). */
    | "missing"
    /** No interface is named, and no subnet of this host has the VIP. */
    | "outsideSubnets"
    /** No interface is named, and several have the VIP's subnet, or the VIPs of the group lie on different ones. */
    | "ambiguous"
    | "loopback"
    /** The VIP is this node's own address. */
    | "ownAddress"
    /** The label does not start with the name of the interface that was found. */
    | "label";
  readonly text: string;
}

/** What counts of a group's configuration. */
export interface GroupPlace {
  readonly vips: readonly Cidr[];
  readonly interface: string | null;
  readonly label: string | null;
}

const RT_SCOPE_LINK = 253;
const IFA_F_SECONDARY = 0x01;
const IFA_F_NOPREFIXROUTE = 0x200;
/** The longest kernel lease that can be configured. */
const LONGEST_LEASE_SECONDS = 60;

export function resolveInterface(
  group: GroupPlace,
  allLinks: readonly LinkState[],
  allAddresses: readonly AddressState[],
): Resolution {
  // What is on an interface with a virtual MAC is a VIP, and says nothing about where the node itself lives.
  const links = allLinks.filter((link) => !isVirtualLink(link));
  const addresses = allAddresses.filter(({ ifIndex }) => links.some((link) => link.ifIndex === ifIndex));
  const found = group.interface === null ? bySubnet(group, links, addresses) : byName(group.interface, links);
  if ("kind" in found) return { ok: false, problem: found };
  const problem = labelProblem(group, found) ?? ownAddress(group.vips, found, links, addresses);
  return problem === null ? { ok: true, ifIndex: found.ifIndex, name: found.name } : { ok: false, problem };
}

function byName(name: string, links: readonly LinkState[]): LinkState | Problem {
  const link = links.find((one) => one.name === name);
  if (link === undefined) {
    const text = `interface ${name} does not exist on this node (there are: ${namesOf(links)}); waiting for it`;
    return { kind: "missing", text };
  }
  return link.loopback
    ? { kind: "loopback", text: `interface ${name} is a loopback; no other node can be reached` }
    : link;
}

function bySubnet(
  group: GroupPlace,
  links: readonly LinkState[],
  addresses: readonly AddressState[],
): LinkState | Problem {
  // Every interface has the subnet of a link-local VIP: it goes where the others go.
  const vips = group.vips.filter(({ address }) => !isLinkLocal(address));
  const candidates = vips.map((vip) => linksOf(vip, links, addresses));
  for (const [index, vip] of vips.entries()) {
    const found = candidates[index] ?? [];
    if (found.length === 0) {
      const own = addresses.find((one) => one.address === vip.address && !isLeased(one));
      if (own !== undefined) return ownAddressProblem(vip, own, links);
      const text = `no interface of this node has a subnet with ${textOf(vip)} in it; name one with "interface"`;
      return { kind: "outsideSubnets", text };
    }
    if (found.length > 1) {
      const text = `${namesOf(found)} have the subnet of ${textOf(vip)}; name one of them with "interface"`;
      return { kind: "ambiguous", text };
    }
  }
  const [first, ...others] = candidates.flat();
  if (first === undefined) return { kind: "outsideSubnets", text: "the group has no VIP" };
  if (others.every(({ ifIndex }) => ifIndex === first.ifIndex)) return first;
  const text = `the VIPs of one group lie on different interfaces (${namesOf(candidates.flat())}); wanted one of them only`;
  return { kind: "ambiguous", text };
}

/** The interfaces with the longest prefix that the VIP is in. The VIP itself, left there by an earlier run, says nothing. */
function linksOf(vip: Cidr, links: readonly LinkState[], addresses: readonly AddressState[]): readonly LinkState[] {
  const covering = addresses.filter(
    (own) => own.scope < RT_SCOPE_LINK && own.address !== vip.address && isOnSubnet(vip.address, own),
  );
  const longest = Math.max(...covering.map(({ prefixLength }) => prefixLength));
  const indexes = new Set(
    covering.filter(({ prefixLength }) => prefixLength === longest).map(({ ifIndex }) => ifIndex),
  );
  return links.filter(({ ifIndex, loopback }) => indexes.has(ifIndex) && !loopback);
}

/** With `interface` given this was checked with the configuration already. */
function labelProblem({ label }: GroupPlace, { name }: LinkState): Problem | null {
  if (label === null || label === name || label.startsWith(`${name}:`)) return null;
  return {
    kind: "label",
    text: `label ${label} must be ${name} or start with ${name}: because the VIP goes on ${name}`,
  };
}

/**
 * A VIP that is on this node already is either a left-over of an earlier run, or of another VIP manager, which the agent
 * adopts, or it is the node's own address, which must never be moved.
 */
function ownAddress(
  vips: readonly Cidr[],
  link: LinkState,
  links: readonly LinkState[],
  addresses: readonly AddressState[],
): Problem | null {
  for (const vip of vips) {
    const own = addresses.find((one) => one.address === vip.address && !isLeftOver(one, link, addresses));
    if (own !== undefined) return ownAddressProblem(vip, own, links);
  }
  return null;
}

function ownAddressProblem(vip: Cidr, own: AddressState, links: readonly LinkState[]): Problem {
  const name = links.find(({ ifIndex }) => ifIndex === own.ifIndex)?.name ?? `interface ${String(own.ifIndex)}`;
  const text = `${textOf(vip)} is this node's own address (on ${name}); wanted an address that no node has. If a VIP manager left it there: ip address delete ${textOf(vip)} dev ${name}`;
  return { kind: "ownAddress", text };
}

function isLeftOver(address: AddressState, link: LinkState, addresses: readonly AddressState[]): boolean {
  if (isLeased(address)) return true;
  if (address.ifIndex !== link.ifIndex) return false;
  // The interface would keep an address in the subnet without this one.
  return addresses.some(
    (other) =>
      other.ifIndex === address.ifIndex &&
      other.address !== address.address &&
      (other.scope < RT_SCOPE_LINK || other.scope === address.scope) &&
      !isLeased(other) &&
      (other.flags & IFA_F_SECONDARY) === 0 &&
      isOnSubnet(address.address, other),
  );
}

/** Looks as pgvip makes its addresses: short-lived, and without a route of their own. */
function isLeased({ flags, validSeconds }: AddressState): boolean {
  return (flags & IFA_F_NOPREFIXROUTE) !== 0 && validSeconds !== null && validSeconds <= LONGEST_LEASE_SECONDS;
}

function textOf({ address, prefixLength }: Cidr): string {
  return `${address}/${String(prefixLength)}`;
}

function namesOf(links: readonly LinkState[]): string {
  return links.length === 0 ? "none" : [...new Set(links.map(({ name }) => name))].join(", ");
}
