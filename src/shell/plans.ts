/**
 * From "take the VIP with this priority" to what the network needs to do it alone: addresses, frames and adverts, encoded
 * beforehand so that nothing is left to compute when it counts.
 */
import { assert } from "../assert.js";
import type { Leases } from "../core/types.js";
import type { AddressPlan, AdvertPacket, Holding } from "../ports/network.js";
import { type Cidr, type Family, type MacAddress, broadcastAddress, familyOf, isLinkLocal } from "../wire/addresses.js";
import { type Signatures, unsignedTrailer } from "../wire/advert-trailer.js";
import { arpProbe, gratuitousReply, gratuitousRequest } from "../wire/arp.js";
import { neighborProbe, unsolicitedAdvertisement } from "../wire/ndisc.js";
import type { Home, Homes } from "./virtual-links.js";
import { type Priority, type Vrid, centis, priority, seconds } from "../wire/units.js";
import { type Advert, type Dialect, VRRP_GROUP, emitAdvert } from "../wire/vrrp.js";

const FAMILIES = ["ipv4", "ipv6"] as const;
const RESIGNATION = priority(0);

/** What the configuration says about how a group speaks. */
export interface Speech {
  readonly vips: readonly Cidr[];
  readonly label: string | null;
  readonly advertIntervalMs: number;
  readonly dialect: Dialect;
  /** `null`: adverts are neither signed, nor heard when they are. */
  readonly signatures: Signatures | null;
  /** Unicast destinations; `null` = multicast. */
  readonly peers: readonly string[] | null;
  readonly destroySockets: boolean;
  readonly kernelLeaseSeconds: number;
}

/** Where adverts come from; `null` = the interface has none such. */
export interface Sources {
  /** Primary IPv4 address (RFC 9568 section 5.1.1.1). */
  readonly ipv4: string | null;
  /** Link-local address (RFC 9568 section 5.1.2.1). */
  readonly ipv6: string | null;
  /** For unicast to peers that are not named by a link-local address. */
  readonly ipv6Global: string | null;
}

/** Where a group lives just now: its interface, and the addresses that its packets leave with. */
export interface Placement {
  readonly ifIndex: number;
  readonly name: string;
  readonly mac: MacAddress;
  /** Where VIPs live instead; without a virtual MAC they live on the interface itself. */
  readonly virtual?: Homes;
  readonly sources: Sources;
}

export function homeOf({ virtual, ifIndex, mac }: Placement, family: Family): Home {
  return virtual?.[family] ?? { ifIndex, mac };
}

export function planHolding(
  speech: Speech,
  placement: Placement,
  routerId: Vrid,
  holding: number,
  ownPriority: Priority,
  leases: Leases,
): Holding {
  return {
    holding,
    ifIndex: placement.ifIndex,
    ...virtualLinksOf(placement),
    addresses: planAddresses(speech),
    announcements: planAnnouncements(speech, placement),
    adverts: planAdverts(speech, placement, routerId, ownPriority),
    advertIntervalMs: speech.advertIntervalMs,
    resignations: planAdverts(speech, placement, routerId, RESIGNATION),
    destroySockets: speech.destroySockets,
    kernelLeaseSeconds: speech.kernelLeaseSeconds,
    leases,
  };
}

function virtualLinksOf(placement: Placement): Pick<Holding, "virtualLinks"> {
  if (placement.virtual === undefined) return {};
  return { virtualLinks: { ipv4: homeOf(placement, "ipv4").ifIndex, ipv6: homeOf(placement, "ipv6").ifIndex } };
}

export function planAddresses({ vips, label }: Pick<Speech, "vips" | "label">): readonly AddressPlan[] {
  return vips.map((vip) => {
    const broadcast = vip.family === "ipv4" ? broadcastAddress(vip) : null;
    return {
      ...vip,
      ...(label !== null && vip.family === "ipv4" ? { label } : {}),
      ...(broadcast !== null ? { broadcast } : {}),
      // The kernel would choose an IPv6 VIP as source of this host's own connections.
      deprecated: vip.family === "ipv6",
      noPrefixRoute: true,
    };
  });
}

/** Both forms of gratuitous ARP, because some network gear accepts only one of them; an unsolicited NA for IPv6. */
function planAnnouncements({ vips }: Speech, placement: Placement): readonly Uint8Array[] {
  return vips.flatMap(({ family, address }) => {
    const { mac } = homeOf(placement, family);
    return family === "ipv4"
      ? [gratuitousRequest(address, mac), gratuitousReply(address, mac)]
      : [unsolicitedAdvertisement(address, mac, "host")];
  });
}

/** Asks the neighbours whether anybody has the VIPs. */
export function planProbes({ vips }: Speech, { mac }: Placement): readonly Uint8Array[] {
  return vips.map(({ family, address }) => (family === "ipv4" ? arpProbe(address, mac) : neighborProbe(address, mac)));
}

/** One advert a family and destination: to a receiver, the two families are two virtual routers that move together. */
export function planAdverts(
  speech: Speech,
  placement: Placement,
  routerId: Vrid,
  ownPriority: Priority,
): readonly AdvertPacket[] {
  return FAMILIES.flatMap((family) => {
    const addresses = advertised(speech, family);
    if (addresses.length === 0) return [];
    const advert = advertOf(speech, family, routerId, ownPriority, addresses);
    // VRRPv2 and IPv6 leave no choice of checksum.
    const checksum = speech.dialect.kind === "v3" ? speech.dialect.checksum : "pduOnly";
    const peers = speech.peers?.filter((peer) => familyOf(peer) === family) ?? [VRRP_GROUP[family]];
    return peers.flatMap((destination) => {
      const source = sourceFor(destination, placement);
      // One list of peers may serve all nodes: nobody is a peer of itself.
      if (source === null || source === destination) return [];
      const { trailer, signing } = signingOf(speech);
      const pdu = emitAdvert(advert, { source, destination }, { checksum, ...trailer });
      return [{ family, source, destination, pdu, ...signing }];
    });
  });
}

/** What a signed advert has besides: the trailer, and what the network fills it in with. */
function signingOf({ signatures }: Speech) {
  if (signatures === null || signatures.mode === "receive-only") return { trailer: {}, signing: {} };
  const [{ id, bytes: key }] = signatures.keys;
  const { windowSeconds } = signatures;
  return { trailer: { trailer: unsignedTrailer(id) }, signing: { signing: { key, windowSeconds } } };
}

/** The group's VIPs of a family in the order of its adverts: over IPv6 link-local ones first (RFC 9568 section 5.2.9). */
export function advertised({ vips }: Pick<Speech, "vips">, family: Family): readonly string[] {
  const addresses = vips.filter((vip) => vip.family === family).map(({ address }) => address);
  return [...addresses.filter(isLinkLocal), ...addresses.filter((address) => !isLinkLocal(address))];
}

function advertOf(
  { dialect, advertIntervalMs }: Speech,
  family: Family,
  routerId: Vrid,
  ownPriority: Priority,
  addresses: readonly string[],
): Advert {
  const common = { vrid: routerId, priority: ownPriority, addresses };
  if (dialect.kind === "v3") {
    return { kind: "v3", family, ...common, interval: centis(Math.round(advertIntervalMs / 10)) };
  }
  assert(family === "ipv4", "VRRPv2 has no IPv6: the configuration refuses it");
  const { authentication } = dialect;
  return { kind: "v2", family, ...common, interval: seconds(Math.round(advertIntervalMs / 1000)), authentication };
}

/** A peer that is known by a global IPv6 address knows us by ours; on the group we are our link-local address. */
function sourceFor(destination: string, { sources }: Placement): string | null {
  if (familyOf(destination) === "ipv4") return sources.ipv4;
  return destination === VRRP_GROUP.ipv6 || isLinkLocal(destination) ? sources.ipv6 : sources.ipv6Global;
}
