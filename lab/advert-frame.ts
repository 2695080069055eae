/** The Ethernet frame of an advert as somebody sends it who uses whatever source address he likes. IPv4 only. */
import { type MacAddress, macAddress } from "../src/wire/addresses.js";
import { ETHER_TYPE, emitFrame } from "../src/wire/ethernet.js";
import { IP_PROTOCOL, emitIpv4 } from "../src/wire/ipv4.js";
import { VRRP_TTL } from "../src/wire/vrrp.js";

/** Nobody's in the lab: a switch learns nothing wrong from it. */
export const FORGER_MAC = macAddress("02:00:00:00:66:66");

const GROUP_MAC = macAddress("01:00:5e:00:00:12");

export function advertFrame(
  payload: Uint8Array,
  endpoints: { readonly source: string; readonly destination: string; readonly ttl?: number },
  destination: MacAddress = GROUP_MAC,
): Uint8Array {
  const packet = emitIpv4({ ttl: VRRP_TTL, ...endpoints, trafficClass: 0xc0, protocol: IP_PROTOCOL.vrrp, payload });
  return emitFrame({ destination, source: FORGER_MAC, etherType: ETHER_TYPE.ipv4, payload: packet });
}
