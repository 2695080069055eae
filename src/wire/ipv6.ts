/** IPv6 packets (RFC 8200) without extension headers: neighbor discovery and VRRP need none. */
import { addressBytes, formatAddress } from "./addresses.js";
import { concatBytes, viewOf } from "./bytes.js";

export interface Ipv6Packet {
  readonly source: string;
  readonly destination: string;
  readonly nextHeader: number;
  readonly hopLimit: number;
  readonly payload: Uint8Array;
}

export type Ipv6Drop =
  /** Shorter than its header, or than its payload length says. */
  "truncated" | "version";

export type ParsedIpv6 =
  { readonly ok: true; readonly packet: Ipv6Packet } | { readonly ok: false; readonly drop: Ipv6Drop };

const HEADER_LENGTH = 40;

export function emitIpv6(packet: Ipv6Packet): Uint8Array {
  if (packet.payload.length > 0xffff) throw new RangeError("an IPv6 payload cannot have more than 65535 bytes");
  const header = new Uint8Array(HEADER_LENGTH);
  const view = viewOf(header);
  view.setUint8(0, 0x60);
  view.setUint16(4, packet.payload.length);
  view.setUint8(6, packet.nextHeader);
  view.setUint8(7, packet.hopLimit);
  header.set(addressBytes(packet.source, "ipv6"), 8);
  header.set(addressBytes(packet.destination, "ipv6"), 24);
  return concatBytes(header, packet.payload);
}

/** What stands behind the payload length is the link layer's padding and left out. */
export function parseIpv6(bytes: Uint8Array): ParsedIpv6 {
  if (bytes.length < HEADER_LENGTH) return { ok: false, drop: "truncated" };
  const view = viewOf(bytes);
  if (view.getUint8(0) >>> 4 !== 6) return { ok: false, drop: "version" };
  const end = HEADER_LENGTH + view.getUint16(4);
  if (bytes.length < end) return { ok: false, drop: "truncated" };
  return {
    ok: true,
    packet: {
      source: formatAddress(bytes.subarray(8, 24)),
      destination: formatAddress(bytes.subarray(24, 40)),
      nextHeader: view.getUint8(6),
      hopLimit: view.getUint8(7),
      payload: bytes.subarray(HEADER_LENGTH, end),
    },
  };
}
