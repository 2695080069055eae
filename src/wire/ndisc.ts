/**
 * IPv6 neighbor discovery (RFC 4861), as whole Ethernet frames: the unsolicited advertisement that tells neighbours where
 * a VIP is now, the solicitations that update one client or ask whether a VIP is taken, and the reading of what others say.
 */
import { addressBytes, formatAddress, formatMac, macAddress, macBytes, type MacAddress } from "./addresses.js";
import { concatBytes, viewOf } from "./bytes.js";
import { checksumWithPseudoHeader } from "./checksum.js";
import { emitFrame, ETHER_TYPE, parseFrame } from "./ethernet.js";
import { IP_PROTOCOL } from "./ipv4.js";
import { emitIpv6, parseIpv6, type Ipv6Packet } from "./ipv6.js";

export interface NeighborAdvertisement {
  readonly kind: "advertisement";
  /** The R, S and O flags (RFC 4861 section 4.4). */
  readonly router: boolean;
  readonly solicited: boolean;
  readonly override: boolean;
  readonly target: string;
  /** Target link-layer address option. */
  readonly linkLayer: MacAddress | null;
}

export interface NeighborSolicitation {
  readonly kind: "solicitation";
  readonly target: string;
  /** Source link-layer address option. */
  readonly linkLayer: MacAddress | null;
}

export type NeighborMessage = NeighborAdvertisement | NeighborSolicitation;

/** A message with the addresses of the headers around it. */
export interface NeighborPacket {
  readonly sourceMac: MacAddress;
  readonly destinationMac: MacAddress;
  readonly source: string;
  readonly destination: string;
  readonly message: NeighborMessage;
}

export type NeighborDrop =
  /** A header, the fixed part or an option ends beyond the data. */
  | "truncated"
  | "etherType"
  /** The IP header is not of version 6. */
  | "version"
  /** Not ICMPv6. */
  | "nextHeader"
  /** Hop limit other than 255: it came through a router. */
  | "hopLimit"
  | "checksum"
  /** Neither advertisement nor solicitation. */
  | "type"
  /** ICMPv6 code other than 0. */
  | "code"
  /** The target is a multicast address. */
  | "target"
  /** An option of length 0. */
  | "option"
  /** The S flag in an advertisement to a multicast address. */
  | "solicitedMulticast"
  /** A solicitation from `::` that is not to a solicited-node group, or tells a link-layer address. */
  | "unspecifiedSource";

export type ParsedNeighbor =
  { readonly ok: true; readonly packet: NeighborPacket } | { readonly ok: false; readonly drop: NeighborDrop };

const TYPE = { solicitation: 135, advertisement: 136 } as const;
const OPTION = { solicitation: 1, advertisement: 2 } as const;
const FLAG = { router: 0x80, solicited: 0x40, override: 0x20 } as const;
const FIXED_LENGTH = 24;
const OPTION_LENGTH = 8;
const HOP_LIMIT = 255;
const UNSPECIFIED = "::";
const ALL_NODES = "ff02::1";
const ALL_NODES_MAC = macAddress("33:33:00:00:00:01");

/**
 * Tells all nodes that `mac` has `address` (RFC 4861 section 7.2.6). The R flag makes the sender a router in its
 * neighbours' eyes: RFC 9568 section 8.2.2 wants it for virtual routers, a host's VIP does without.
 */
export function unsolicitedAdvertisement(address: string, mac: MacAddress, as: "host" | "router"): Uint8Array {
  return emitNeighbor({
    sourceMac: mac,
    destinationMac: ALL_NODES_MAC,
    source: address,
    destination: ALL_NODES,
    message: {
      kind: "advertisement",
      router: as === "router",
      solicited: false,
      override: true,
      target: address,
      linkLayer: mac,
    },
  });
}

/** Asks one client for its address from the VIP: the client's entry for the VIP is created or overwritten, even a failed one. */
export function solicitClient(
  client: { readonly address: string; readonly mac: MacAddress },
  vip: { readonly address: string; readonly mac: MacAddress },
): Uint8Array {
  return emitNeighbor({
    sourceMac: vip.mac,
    destinationMac: client.mac,
    source: vip.address,
    destination: client.address,
    message: { kind: "solicitation", target: client.address, linkLayer: vip.mac },
  });
}

/** Asks whether anybody has the address, without touching anybody's cache (RFC 4862 section 5.4.2). */
export function neighborProbe(address: string, mac: MacAddress): Uint8Array {
  const group = solicitedNodeGroup(address);
  return emitNeighbor({
    sourceMac: mac,
    destinationMac: multicastMac(group),
    source: UNSPECIFIED,
    destination: group,
    message: { kind: "solicitation", target: address, linkLayer: null },
  });
}

export function emitNeighbor(packet: NeighborPacket): Uint8Array {
  const { source, destination } = packet;
  const icmp = emitMessage(packet.message);
  const checksum = checksumWithPseudoHeader(addressBytes(source), addressBytes(destination), IP_PROTOCOL.icmpv6, icmp);
  viewOf(icmp).setUint16(2, checksum);
  return emitFrame({
    destination: packet.destinationMac,
    source: packet.sourceMac,
    etherType: ETHER_TYPE.ipv6,
    payload: emitIpv6({ source, destination, nextHeader: IP_PROTOCOL.icmpv6, hopLimit: HOP_LIMIT, payload: icmp }),
  });
}

/** All checks of RFC 4861 sections 7.1.1 and 7.1.2. */
export function parseNeighbor(bytes: Uint8Array): ParsedNeighbor {
  const frame = parseFrame(bytes);
  if (frame === null) return dropped("truncated");
  if (frame.etherType !== ETHER_TYPE.ipv6) return dropped("etherType");
  const ipv6 = parseIpv6(frame.payload);
  if (!ipv6.ok) return dropped(ipv6.drop);
  const { source, destination, nextHeader, hopLimit } = ipv6.packet;
  if (nextHeader !== IP_PROTOCOL.icmpv6) return dropped("nextHeader");
  if (hopLimit !== HOP_LIMIT) return dropped("hopLimit");
  const message = parseMessage(ipv6.packet);
  if (typeof message === "string") return dropped(message);
  const packet = { sourceMac: frame.source, destinationMac: frame.destination, source, destination, message };
  const contradiction = contradictionIn(packet);
  return contradiction === null ? { ok: true, packet } : dropped(contradiction);
}

function emitMessage(message: NeighborMessage): Uint8Array {
  const fixed = new Uint8Array(FIXED_LENGTH);
  fixed[0] = TYPE[message.kind];
  if (message.kind === "advertisement") {
    fixed[4] =
      (message.router ? FLAG.router : 0) |
      (message.solicited ? FLAG.solicited : 0) |
      (message.override ? FLAG.override : 0);
  }
  fixed.set(addressBytes(message.target, "ipv6"), 8);
  if (message.linkLayer === null) return fixed;
  return concatBytes(fixed, Uint8Array.of(OPTION[message.kind], 1), macBytes(message.linkLayer));
}

function parseMessage({ source, destination, payload }: Ipv6Packet): NeighborMessage | NeighborDrop {
  if (payload.length < FIXED_LENGTH) return "truncated";
  const sum = checksumWithPseudoHeader(addressBytes(source), addressBytes(destination), IP_PROTOCOL.icmpv6, payload);
  if (sum !== 0) return "checksum";
  const view = viewOf(payload);
  const kind = kindOf(view.getUint8(0));
  if (kind === null) return "type";
  if (view.getUint8(1) !== 0) return "code";
  const target = formatAddress(payload.subarray(8, 24));
  if (isMulticast(target)) return "target";
  const options = parseOptions(payload.subarray(FIXED_LENGTH), OPTION[kind]);
  if (typeof options === "string") return options;
  const { linkLayer } = options;
  if (kind === "solicitation") return { kind, target, linkLayer };
  const flags = view.getUint8(4);
  return {
    kind,
    router: (flags & FLAG.router) !== 0,
    solicited: (flags & FLAG.solicited) !== 0,
    override: (flags & FLAG.override) !== 0,
    target,
    linkLayer,
  };
}

/** Walks all options, so that a broken one behind ours is not overlooked. Options of other types are skipped. */
function parseOptions(options: Uint8Array, wanted: number): { readonly linkLayer: MacAddress | null } | NeighborDrop {
  const view = viewOf(options);
  let linkLayer: MacAddress | null = null;
  let offset = 0;
  while (offset < options.length) {
    if (offset + 2 > options.length) return "truncated";
    const length = view.getUint8(offset + 1) * 8;
    if (length === 0) return "option";
    if (offset + length > options.length) return "truncated";
    const found = view.getUint8(offset) === wanted && length === OPTION_LENGTH;
    if (found) linkLayer ??= formatMac(options.subarray(offset + 2, offset + OPTION_LENGTH));
    offset += length;
  }
  return { linkLayer };
}

/** What headers and message say against each other. */
function contradictionIn({ source, destination, message }: NeighborPacket): NeighborDrop | null {
  if (message.kind === "advertisement") {
    return message.solicited && isMulticast(destination) ? "solicitedMulticast" : null;
  }
  if (source !== UNSPECIFIED) return null;
  return isSolicitedNodeGroup(destination) && message.linkLayer === null ? null : "unspecifiedSource";
}

function kindOf(type: number): NeighborMessage["kind"] | null {
  if (type === TYPE.advertisement) return "advertisement";
  if (type === TYPE.solicitation) return "solicitation";
  return null;
}

function isMulticast(address: string): boolean {
  return addressBytes(address)[0] === 0xff;
}

/** ff02::1:ff00:0/104 and the address's last 24 bits (RFC 4291 section 2.7.1). */
function solicitedNodeGroup(address: string): string {
  return formatAddress(concatBytes(SOLICITED_NODE_PREFIX, addressBytes(address, "ipv6").subarray(13)));
}

function isSolicitedNodeGroup(address: string): boolean {
  return address === solicitedNodeGroup(address);
}

const SOLICITED_NODE_PREFIX = addressBytes("ff02::1:ff00:0").subarray(0, 13);

/** 33:33 and the group's last 32 bits (RFC 2464 section 7). */
function multicastMac(group: string): MacAddress {
  return formatMac(concatBytes(Uint8Array.of(0x33, 0x33), addressBytes(group).subarray(12)));
}

function dropped(drop: NeighborDrop): ParsedNeighbor {
  return { ok: false, drop };
}
