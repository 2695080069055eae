/** Puts a group on the interface that was found for it, or takes it away with the reason why it cannot live there now. */
import type { GroupConfig } from "../config/config.js";
import type { Resolution } from "./resolve-interface.js";
import type { AddressState, LinkState } from "../ports/network.js";
import { type Family, formatMac } from "../wire/addresses.js";
import type { GroupRunner } from "./group-runner.js";
import type { Interfaces } from "./interfaces.js";

const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_LINK = 253;
const IFA_F_SECONDARY = 0x01;
const IFA_F_TENTATIVE = 0x40;

/** Brings the group's placement in line with the host's interfaces. */
export function place(runner: GroupRunner, config: GroupConfig, found: Resolution, interfaces: Interfaces): void {
  if (!found.ok) {
    runner.displace(found.problem.text);
    return;
  }
  const link = interfaces.links.find(({ ifIndex }) => ifIndex === found.ifIndex);
  if (link === undefined) return;
  const sources = { ipv4: ipv4Source(config, link, interfaces), ipv6: ipv6Source(link, interfaces) };
  const missing = config.vips.find(({ family }) => sources[family] === null);
  const reason = unusable(link);
  if (reason !== null) runner.displace(reason);
  else if (missing !== undefined) runner.displace(`${link.name} has no ${kindOf[missing.family]} to send adverts from`);
  else {
    const present = config.vips.some(({ address }) => interfaces.has(link.ifIndex, address));
    runner.place({ ifIndex: link.ifIndex, name: link.name, mac: formatMac(link.mac), sources }, present);
  }
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
  const own = addressesOf(link, "ipv4", RT_SCOPE_UNIVERSE, interfaces).filter(
    ({ address }) => !config.vips.some((vip) => vip.address === address),
  );
  const primary = own.find(({ flags }) => (flags & IFA_F_SECONDARY) === 0);
  return (primary ?? own[0])?.address ?? null;
}

/** VRRP over IPv6 is spoken from the link-local address (RFC 9568 section 5.1.2.1), once it may be used. */
function ipv6Source(link: LinkState, interfaces: Interfaces): string | null {
  const usable = addressesOf(link, "ipv6", RT_SCOPE_LINK, interfaces).find(
    ({ flags }) => (flags & IFA_F_TENTATIVE) === 0,
  );
  return usable?.address ?? null;
}

function addressesOf(link: LinkState, family: Family, scope: number, { addresses }: Interfaces): AddressState[] {
  return addresses.filter(
    (known) => known.ifIndex === link.ifIndex && known.family === family && known.scope === scope,
  );
}
