/**
 * The little of ICMP (RFC 792) and ICMPv6 (RFC 4443) that diagnostics need: echoes, and a host's word that it did not take
 * a packet. Messages stand without their IP header.
 */
import { formatAddress, type Family } from "./addresses.js";
import { viewOf } from "./bytes.js";
import { internetChecksum } from "./checksum.js";

export interface Echo {
  readonly identifier: number;
  readonly sequence: number;
}

/** A packet of ours that somebody sent back word about (ICMP type 3). */
export interface Unreachable {
  readonly code: number;
  /** Of the packet that was not taken. */
  readonly destination: string;
  readonly protocol: number;
}

/** Codes of "destination unreachable" (RFC 792, RFC 1812 section 5.2.7.1). */
export const UNREACHABLE = { protocol: 2, port: 3, networkProhibited: 9, hostProhibited: 10, prohibited: 13 } as const;

const ECHO = { ipv4: { request: 8, reply: 0 }, ipv6: { request: 128, reply: 129 } } as const;
const TYPE_UNREACHABLE = 3;
const ECHO_LENGTH = 8;
const DATA_LENGTH = 56;
const IPV4_HEADER = 20;

/** 64 bytes, as `ping` sends them. Over IPv6 the checksum stays zero: a raw ICMPv6 socket's kernel fills it in. */
export function emitEchoRequest({ identifier, sequence }: Echo, family: Family): Uint8Array {
  const message = new Uint8Array(ECHO_LENGTH + DATA_LENGTH);
  const view = viewOf(message);
  view.setUint8(0, ECHO[family].request);
  view.setUint16(4, identifier);
  view.setUint16(6, sequence);
  if (family === "ipv4") view.setUint16(2, internetChecksum(message));
  return message;
}

/** `null` when it is anything but an echo reply. */
export function parseEchoReply(message: Uint8Array, family: Family): Echo | null {
  if (message.length < ECHO_LENGTH || message[0] !== ECHO[family].reply) return null;
  const view = viewOf(message);
  return { identifier: view.getUint16(4), sequence: view.getUint16(6) };
}

/** ICMP for IPv4; `null` when it is anything but "destination unreachable" with enough of the packet in it. */
export function parseUnreachable(message: Uint8Array): Unreachable | null {
  if (message.length < ECHO_LENGTH + IPV4_HEADER || message[0] !== TYPE_UNREACHABLE) return null;
  const view = viewOf(message);
  if (view.getUint8(ECHO_LENGTH) >>> 4 !== 4) return null;
  return {
    code: view.getUint8(1),
    destination: formatAddress(message.subarray(ECHO_LENGTH + 16, ECHO_LENGTH + 20)),
    protocol: view.getUint8(ECHO_LENGTH + 9),
  };
}
