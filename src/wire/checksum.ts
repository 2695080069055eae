/** The Internet checksum (RFC 1071) and the pseudo-headers that VRRP and ICMPv6 put in front of what they sum. */
import { concatBytes, viewOf } from "./bytes.js";

/**
 * Ones'-complement of the ones'-complement sum of 16-bit words, a last odd byte padded with zero. Over data whose
 * checksum field is filled in rightly the result is 0.
 */
export function internetChecksum(bytes: Uint8Array): number {
  const view = viewOf(bytes);
  const even = bytes.length & ~1;
  let sum = 0;
  for (let offset = 0; offset < even; offset += 2) sum += view.getUint16(offset);
  if (even < bytes.length) sum += view.getUint8(even) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** The checksum of `payload` behind the pseudo-header of its IP header. */
export function checksumWithPseudoHeader(
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  payload: Uint8Array,
): number {
  return internetChecksum(concatBytes(source, destination, trailer(source.length, protocol, payload.length), payload));
}

/** What follows the two addresses: RFC 8200 section 8.1 for IPv6, RFC 9293 section 3.1 for IPv4. */
function trailer(addressLength: number, protocol: number, payloadLength: number): Uint8Array {
  if (addressLength === 4) return Uint8Array.of(0, protocol, payloadLength >>> 8, payloadLength);
  const bytes = new Uint8Array(8);
  viewOf(bytes).setUint32(0, payloadLength);
  bytes[7] = protocol;
  return bytes;
}
