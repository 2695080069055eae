/** A captured Ethernet frame, read: VRRP adverts good and bad, ARP, neighbor discovery. Hostile bytes never throw. */
import type { MacAddress } from "../wire/addresses.js";
import { type ArpMeaning, classifyArp, parseArp } from "../wire/arp.js";
import { ETHER_TYPE, parseFrame } from "../wire/ethernet.js";
import { IP_PROTOCOL, parseIpv4 } from "../wire/ipv4.js";
import { parseIpv6 } from "../wire/ipv6.js";
import { type NeighborPacket, parseNeighbor } from "../wire/ndisc.js";
import { type Advert, type ChecksumForm, type DropReason, type Received, parseAdvert } from "../wire/vrrp.js";

export type Sighting =
  | {
      readonly kind: "advert";
      /** Source of the frame. */
      readonly mac: MacAddress;
      readonly header: Received;
      readonly advert: Advert;
      readonly checksumForm: ChecksumForm;
      /** Of the key that it says to be signed with; nobody has looked whether it is. */
      readonly keyId: number | null;
    }
  | {
      readonly kind: "badAdvert";
      readonly mac: MacAddress;
      readonly header: Received;
      readonly drop: DropReason;
      /** What stands where the VRID belongs; `null` when the packet is too short for it. */
      readonly routerId: number | null;
    }
  | { readonly kind: "arp"; readonly mac: MacAddress; readonly meaning: ArpMeaning }
  | { readonly kind: "neighbor"; readonly mac: MacAddress; readonly packet: NeighborPacket }
  /** Looked like one of these, but cannot be read. */
  | { readonly kind: "malformed"; readonly mac: MacAddress; readonly protocol: string; readonly drop: string };

/** `null` when the frame is of some other protocol. */
export function readFrame(bytes: Uint8Array): Sighting | null {
  const frame = parseFrame(bytes);
  if (frame === null) return null;
  const { source: mac, payload } = frame;
  switch (frame.etherType) {
    case ETHER_TYPE.arp: {
      const parsed = parseArp(bytes);
      if (!parsed.ok) return { kind: "malformed", mac, protocol: "ARP", drop: parsed.drop };
      return { kind: "arp", mac, meaning: classifyArp(parsed.arp) };
    }
    case ETHER_TYPE.ipv4: {
      const parsed = parseIpv4(payload);
      if (!parsed.ok) return { kind: "malformed", mac, protocol: "IPv4", drop: parsed.drop };
      const { source, destination, ttl, protocol } = parsed.packet;
      if (protocol !== IP_PROTOCOL.vrrp) return null;
      return readAdvert(mac, { family: "ipv4", source, destination, ttl }, parsed.packet.payload);
    }
    case ETHER_TYPE.ipv6:
      return readIpv6(bytes, mac, payload);
    default:
      return null;
  }
}

/** Who says by this that it has an address: adverts and questions do not count, answers and announcements do. */
export function claimOf(sighting: Sighting): { readonly address: string; readonly mac: MacAddress } | null {
  if (sighting.kind === "arp") {
    const { meaning } = sighting;
    return meaning.kind === "announcement" || meaning.kind === "answer" ? meaning : null;
  }
  if (sighting.kind !== "neighbor" || sighting.packet.message.kind !== "advertisement") return null;
  const { message } = sighting.packet;
  return { address: message.target, mac: message.linkLayer ?? sighting.mac };
}

function readIpv6(bytes: Uint8Array, mac: MacAddress, payload: Uint8Array): Sighting | null {
  const parsed = parseIpv6(payload);
  if (!parsed.ok) return { kind: "malformed", mac, protocol: "IPv6", drop: parsed.drop };
  const { source, destination, nextHeader, hopLimit: ttl } = parsed.packet;
  if (nextHeader === IP_PROTOCOL.vrrp) {
    return readAdvert(mac, { family: "ipv6", source, destination, ttl }, parsed.packet.payload);
  }
  if (nextHeader !== IP_PROTOCOL.icmpv6) return null;
  const neighbor = parseNeighbor(bytes);
  if (neighbor.ok) return { kind: "neighbor", mac, packet: neighbor.packet };
  return neighbor.drop === "type" ? null : { kind: "malformed", mac, protocol: "ND", drop: neighbor.drop };
}

function readAdvert(mac: MacAddress, header: Received, pdu: Uint8Array): Sighting {
  const parsed = parseAdvert(pdu, header);
  if (!parsed.ok) return { kind: "badAdvert", mac, header, drop: parsed.drop, routerId: pdu[1] ?? null };
  const { advert, checksumForm, trailer } = parsed;
  return { kind: "advert", mac, header, advert, checksumForm, keyId: trailer?.keyId ?? null };
}
