/**
 * IPv4 packets as raw sockets take and give them (RFC 791): whole, without options of our own, never fragmented.
 */
import { addressBytes, formatAddress } from "./addresses.js";
import { concatBytes, viewOf } from "./bytes.js";
import { internetChecksum } from "./checksum.js";

export interface Ipv4Packet {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly ttl: number;
  /** The former TOS octet: DSCP and ECN. */
  readonly trafficClass: number;
  readonly payload: Uint8Array;
}

export type Ipv4Drop =
  /** Shorter than its header, or than its total length says. */
  | "truncated"
  | "version"
  /** The header's length or the total length is impossible. */
  | "length"
  | "checksum"
  /** A fragment: nothing we listen to is ever fragmented. */
  | "fragment";

export type ParsedIpv4 =
  { readonly ok: true; readonly packet: Ipv4Packet } | { readonly ok: false; readonly drop: Ipv4Drop };

export const IP_PROTOCOL = { icmp: 1, tcp: 6, icmpv6: 58, vrrp: 112 } as const;

const HEADER_LENGTH = 20;
/** More Fragments and Fragment Offset: everything but the reserved bit and Don't Fragment. */
const FRAGMENT_MASK = 0x3fff;

export function emitIpv4(packet: Ipv4Packet): Uint8Array {
  const totalLength = HEADER_LENGTH + packet.payload.length;
  if (totalLength > 0xffff) throw new RangeError(`an IPv4 packet cannot have ${String(totalLength)} bytes`);
  const header = new Uint8Array(HEADER_LENGTH);
  const view = viewOf(header);
  view.setUint8(0, 0x45);
  view.setUint8(1, packet.trafficClass);
  view.setUint16(2, totalLength);
  view.setUint8(8, packet.ttl);
  view.setUint8(9, packet.protocol);
  header.set(addressBytes(packet.source, "ipv4"), 12);
  header.set(addressBytes(packet.destination, "ipv4"), 16);
  view.setUint16(10, internetChecksum(header));
  return concatBytes(header, packet.payload);
}

/** What stands behind the total length is the link layer's padding and left out. */
export function parseIpv4(bytes: Uint8Array): ParsedIpv4 {
  if (bytes.length < HEADER_LENGTH) return { ok: false, drop: "truncated" };
  const view = viewOf(bytes);
  if (view.getUint8(0) >>> 4 !== 4) return { ok: false, drop: "version" };
  const headerLength = (view.getUint8(0) & 0x0f) * 4;
  const totalLength = view.getUint16(2);
  if (headerLength < HEADER_LENGTH || totalLength < headerLength) return { ok: false, drop: "length" };
  if (bytes.length < totalLength) return { ok: false, drop: "truncated" };
  if (internetChecksum(bytes.subarray(0, headerLength)) !== 0) return { ok: false, drop: "checksum" };
  if ((view.getUint16(6) & FRAGMENT_MASK) !== 0) return { ok: false, drop: "fragment" };
  return {
    ok: true,
    packet: {
      source: formatAddress(bytes.subarray(12, 16)),
      destination: formatAddress(bytes.subarray(16, 20)),
      protocol: view.getUint8(9),
      ttl: view.getUint8(8),
      trafficClass: view.getUint8(1),
      payload: bytes.subarray(headerLength, totalLength),
    },
  };
}
