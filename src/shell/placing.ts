/** Puts a group on the interface that was found for it, or takes it away with the reason why it cannot live there now. */
import type { GroupConfig } from "../config/config.js";
import type { Resolution } from "./resolve-interface.js";
import type { AddressState, LinkState } from "../ports/network.js";
import { type Family, formatMac } from "../wire/addresses.js";
import type { GroupRunner } from "./group-runner.js";
import type { Interfaces } from "./interfaces.js";
import { type Placement, type Sources, homeOf } from "./plans.js";
import type { VirtualLinks } from "./virtual-links.js";

const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_LINK = 253;
const IFA_F_SECONDARY = 0x01;
/** The same bit as IFA_F_SECONDARY, for IPv6: a privacy address, which changes. */
const IFA_F_TEMPORARY = 0x01;
const IFA_F_DEPRECATED = 0x20;
const IFA_F_TENTATIVE = 0x40;

const UNFIT_FLAGS = IFA_F_TEMPORARY | IFA_F_TENTATIVE | IFA_F_DEPRECATED;

/** Brings the group's placement in line with the host's interfaces. */
export function place(
  runner: GroupRunner,
  config: GroupConfig,
  found: Resolution,
  interfaces: Interfaces,
  virtual: VirtualLinks,
): void {
  if (!found.ok) {
    runner.displace(found.problem.text);
    return;
  }
  const link = interfaces.links.find(({ ifIndex }) => ifIndex === found.ifIndex);
  if (link === undefined) return;
  const sources = sourcesOn(config, link, interfaces);
  const missing = config.vips.find(({ family }) => sources[family] === null);
  const reason = unusable(link);
  if (reason !== null) runner.displace(reason);
  else if (missing !== undefined) runner.displace(`${link.name} has no ${kindOf[missing.family]} to send adverts from`);
  else {
    const own = { ifIndex: link.ifIndex, name: link.name, mac: formatMac(link.mac), sources };
    const placement = withVirtual(runner, config, own, virtual);
    if (placement === null) return;
    const present = config.vips.some(({ address, family }) =>
      interfaces.has(homeOf(placement, family).ifIndex, address),
    );
    runner.place(placement, present);
  }
}

/** `null`: not now. A group that has not been anywhere yet just waits. */
function withVirtual(runner: GroupRunner, config: GroupConfig, own: Placement, links: VirtualLinks): Placement | null {
  if (!config.virtualMac) return own;
  const readiness = links.of(config, own.ifIndex);
  if (readiness.kind === "ready") return { ...own, virtual: readiness.homes };
  if (readiness.kind === "failed") runner.displace(readiness.text);
  else if (runner.placement !== null) runner.displace("its interface with the virtual MAC is gone");
  return null;
}

function sourcesOn(config: GroupConfig, link: LinkState, interfaces: Interfaces): Sources {
  return {
    ipv4: ipv4Source(config, link, interfaces),
    // VRRP over IPv6 is spoken from the link-local address (RFC 9568 section 5.1.2.1).
    ipv6: ipv6Source(config, link, RT_SCOPE_LINK, interfaces),
    ipv6Global: ipv6Source(config, link, RT_SCOPE_UNIVERSE, interfaces),
  };
}

const kindOf: Readonly<Record<Family, string>> = { ipv4: "IPv4 address of its own", ipv6: "IPv6 link-local address" };

function unusable(link: LinkState): string | null {
  if (!link.up) return `${link.name} is down`;
  if (!link.carrier) return `${link.name} has no carrier`;
  if (link.mac.length !== 6) return `${link.name} is not an Ethernet interface`;
  return null;
}

/** The interface's primary address: adverts carry it, and ties are broken by it. Never a VIP. */
function ipv4Source(config: GroupConfig, link: LinkState, interfaces: Interfaces): string | null {
  const own = addressesOf(config, link, "ipv4", RT_SCOPE_UNIVERSE, interfaces);
  const primary = own.find(({ flags }) => (flags & IFA_F_SECONDARY) === 0);
  return (primary ?? own[0])?.address ?? null;
}

/** An address of this scope that may be used already, and is no VIP left here by somebody. */
function ipv6Source(config: GroupConfig, link: LinkState, scope: number, interfaces: Interfaces): string | null {
  const own = addressesOf(config, link, "ipv6", scope, interfaces);
  return own.find(({ flags }) => (flags & UNFIT_FLAGS) === 0)?.address ?? null;
}

/** The interface's addresses of a family and scope, without the VIPs. */
function addressesOf(
  { vips }: GroupConfig,
  { ifIndex }: LinkState,
  family: Family,
  scope: number,
  { addresses }: Interfaces,
): AddressState[] {
  return addresses.filter(
    (known) =>
      known.ifIndex === ifIndex &&
      known.family === family &&
      known.scope === scope &&
      !vips.some(({ address }) => address === known.address),
  );
}
