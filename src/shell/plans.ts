/**
 * From "take the VIP with this priority" to what the network needs to do it alone: addresses, frames and adverts, encoded
 * beforehand so that nothing is left to compute when it counts.
 */
import type { Leases } from "../core/types.js";
import type { AddressPlan, AdvertPacket, Holding } from "../ports/network.js";
import { type Cidr, type Family, type MacAddress, broadcastAddress, familyOf } from "../wire/addresses.js";
import { gratuitousReply, gratuitousRequest } from "../wire/arp.js";
import { unsolicitedAdvertisement } from "../wire/ndisc.js";
import { type Priority, type Vrid, centis, priority } from "../wire/units.js";
import { type ChecksumForm, VRRP_GROUP, emitAdvert } from "../wire/vrrp.js";

const FAMILIES = ["ipv4", "ipv6"] as const;
const RESIGNATION = priority(0);

/** What the configuration says about how a group speaks. */
export interface Speech {
  readonly vips: readonly Cidr[];
  readonly label: string | null;
  readonly advertIntervalMs: number;
  readonly checksum: ChecksumForm;
  /** Unicast destinations; `null` = multicast. */
  readonly peers: readonly string[] | null;
  readonly destroySockets: boolean;
  readonly kernelLeaseSeconds: number;
}

/** Where a group lives just now: its interface, and the addresses that its packets leave with. */
export interface Placement {
  readonly ifIndex: number;
  readonly name: string;
  readonly mac: MacAddress;
  /** Where adverts come from: primary IPv4 address and link-local IPv6 address (RFC 9568 sections 5.1.1.1, 5.1.2.1). */
  readonly sources: Readonly<Record<Family, string | null>>;
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

export function planAddresses({ vips, label }: Speech): readonly AddressPlan[] {
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
function planAnnouncements({ vips }: Speech, { mac }: Placement): readonly Uint8Array[] {
  return vips.flatMap(({ family, address }) =>
    family === "ipv4"
      ? [gratuitousRequest(address, mac), gratuitousReply(address, mac)]
      : [unsolicitedAdvertisement(address, mac, "host")],
  );
}

/** One advert a family and destination: to a receiver, the two families are two virtual routers that move together. */
export function planAdverts(
  speech: Speech,
  placement: Placement,
  routerId: Vrid,
  ownPriority: Priority,
): readonly AdvertPacket[] {
  return FAMILIES.flatMap((family) => {
    const addresses = speech.vips.filter((vip) => vip.family === family).map(({ address }) => address);
    const source = placement.sources[family];
    if (addresses.length === 0 || source === null) return [];
    const interval = centis(Math.round(speech.advertIntervalMs / 10));
    const advert = { kind: "v3", family, vrid: routerId, priority: ownPriority, interval, addresses } as const;
    const peers = speech.peers?.filter((peer) => familyOf(peer) === family) ?? [VRRP_GROUP[family]];
    return peers.map((destination) => {
      const pdu = emitAdvert(advert, { source, destination }, { checksum: speech.checksum });
      return { family, source, destination, pdu };
    });
  });
}
