/** Ethernet II frames, without preamble, padding and frame check sequence: those are the network card's. */
import { formatMac, macAddress, macBytes, type MacAddress } from "./addresses.js";
import { concatBytes, viewOf } from "./bytes.js";

export interface EthernetFrame {
  readonly destination: MacAddress;
  readonly source: MacAddress;
  readonly etherType: number;
  /** As received, so short payloads may have padding behind them. */
  readonly payload: Uint8Array;
}

export const ETHER_TYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;

export const BROADCAST_MAC = macAddress("ff:ff:ff:ff:ff:ff");
export const ZERO_MAC = macAddress("00:00:00:00:00:00");

const HEADER_LENGTH = 14;

export function emitFrame(frame: EthernetFrame): Uint8Array {
  const etherType = Uint8Array.of(frame.etherType >>> 8, frame.etherType);
  return concatBytes(macBytes(frame.destination), macBytes(frame.source), etherType, frame.payload);
}

/** `null` when there is not even a header. */
export function parseFrame(bytes: Uint8Array): EthernetFrame | null {
  if (bytes.length < HEADER_LENGTH) return null;
  return {
    destination: formatMac(bytes.subarray(0, 6)),
    source: formatMac(bytes.subarray(6, 12)),
    etherType: viewOf(bytes).getUint16(12),
    payload: bytes.subarray(HEADER_LENGTH),
  };
}
