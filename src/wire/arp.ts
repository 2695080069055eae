/**
 * ARP for IPv4 over Ethernet (RFC 826): the frames that tell neighbours where a VIP is now, the probe that asks whether
 * somebody has it (RFC 5227), and the reading of what others say.
 */
import { addressBytes, formatAddress, formatMac, macBytes, type MacAddress } from "./addresses.js";
import { viewOf } from "./bytes.js";
import { BROADCAST_MAC, emitFrame, ETHER_TYPE, parseFrame, ZERO_MAC } from "./ethernet.js";

export interface ArpPacket {
  readonly operation: "request" | "reply";
  readonly senderMac: MacAddress;
  readonly senderAddress: string;
  readonly targetMac: MacAddress;
  readonly targetAddress: string;
}

export type ArpDrop =
  /** Shorter than an Ethernet header and 28 bytes of ARP. */
  | "truncated"
  /** Another EtherType. */
  | "etherType"
  /** Not Ethernet and IPv4, or not with addresses of six and four bytes. */
  | "addressing"
  /** Neither request nor reply. */
  | "operation";

export type ParsedArp = { readonly ok: true; readonly arp: ArpPacket } | { readonly ok: false; readonly drop: ArpDrop };

/** What a packet says. Everything but a probe claims that its `mac` has its `address`. */
export type ArpMeaning =
  /** Gratuitous: sender and target are the same address. */
  | { readonly kind: "announcement"; readonly address: string; readonly mac: MacAddress }
  /** Somebody without an address yet asks whether `target` is taken (RFC 5227 section 1.1). */
  | { readonly kind: "probe"; readonly mac: MacAddress; readonly target: string }
  /** Who has `target`? */
  | { readonly kind: "question"; readonly address: string; readonly mac: MacAddress; readonly target: string }
  | { readonly kind: "answer"; readonly address: string; readonly mac: MacAddress };

const ARP_LENGTH = 28;
const HARDWARE_ETHERNET = 1;
const OPERATION = { request: 1, reply: 2 } as const;
const UNSPECIFIED = "0.0.0.0";

/** Gratuitous request, the announcement of RFC 5227. */
export function gratuitousRequest(address: string, mac: MacAddress): Uint8Array {
  return emitArp(
    { operation: "request", senderMac: mac, senderAddress: address, targetMac: ZERO_MAC, targetAddress: address },
    BROADCAST_MAC,
  );
}

/** Gratuitous reply: some equipment heeds only this form. Linux takes it for gratuitous only with both MACs equal. */
export function gratuitousReply(address: string, mac: MacAddress): Uint8Array {
  return emitArp(
    { operation: "reply", senderMac: mac, senderAddress: address, targetMac: mac, targetAddress: address },
    BROADCAST_MAC,
  );
}

/** Asks whether anybody has the address, without touching anybody's cache. */
export function arpProbe(address: string, mac: MacAddress): Uint8Array {
  return emitArp(
    { operation: "request", senderMac: mac, senderAddress: UNSPECIFIED, targetMac: ZERO_MAC, targetAddress: address },
    BROADCAST_MAC,
  );
}

/**
 * "Who has CLIENT, tell VIP": the one announcement that makes a Linux client create an absent entry, and overwrite one
 * that it learnt less than a second ago.
 */
export function whoHasClient(
  client: { readonly address: string; readonly mac: MacAddress },
  vip: { readonly address: string; readonly mac: MacAddress },
): Uint8Array {
  const asked = { targetMac: ZERO_MAC, targetAddress: client.address };
  return emitArp({ operation: "request", senderMac: vip.mac, senderAddress: vip.address, ...asked }, client.mac);
}

/** The whole Ethernet frame, sent from the sender's MAC address. */
export function emitArp(arp: ArpPacket, destination: MacAddress): Uint8Array {
  const payload = new Uint8Array(ARP_LENGTH);
  const view = viewOf(payload);
  view.setUint16(0, HARDWARE_ETHERNET);
  view.setUint16(2, ETHER_TYPE.ipv4);
  view.setUint8(4, 6);
  view.setUint8(5, 4);
  view.setUint16(6, OPERATION[arp.operation]);
  payload.set(macBytes(arp.senderMac), 8);
  payload.set(addressBytes(arp.senderAddress, "ipv4"), 14);
  payload.set(macBytes(arp.targetMac), 18);
  payload.set(addressBytes(arp.targetAddress, "ipv4"), 24);
  return emitFrame({ destination, source: arp.senderMac, etherType: ETHER_TYPE.arp, payload });
}

export function parseArp(bytes: Uint8Array): ParsedArp {
  const frame = parseFrame(bytes);
  if (frame === null) return { ok: false, drop: "truncated" };
  if (frame.etherType !== ETHER_TYPE.arp) return { ok: false, drop: "etherType" };
  const { payload } = frame;
  if (payload.length < ARP_LENGTH) return { ok: false, drop: "truncated" };
  const view = viewOf(payload);
  const ethernet = view.getUint16(0) === HARDWARE_ETHERNET && view.getUint8(4) === 6;
  const ipv4 = view.getUint16(2) === ETHER_TYPE.ipv4 && view.getUint8(5) === 4;
  if (!ethernet || !ipv4) return { ok: false, drop: "addressing" };
  const operation = operationOf(view.getUint16(6));
  if (operation === null) return { ok: false, drop: "operation" };
  return {
    ok: true,
    arp: {
      operation,
      senderMac: formatMac(payload.subarray(8, 14)),
      senderAddress: formatAddress(payload.subarray(14, 18)),
      targetMac: formatMac(payload.subarray(18, 24)),
      targetAddress: formatAddress(payload.subarray(24, 28)),
    },
  };
}

export function classifyArp(arp: ArpPacket): ArpMeaning {
  const claim = { address: arp.senderAddress, mac: arp.senderMac };
  if (arp.operation === "request" && arp.senderAddress === UNSPECIFIED) {
    return { kind: "probe", mac: arp.senderMac, target: arp.targetAddress };
  }
  if (arp.senderAddress === arp.targetAddress) return { kind: "announcement", ...claim };
  if (arp.operation === "request") return { kind: "question", ...claim, target: arp.targetAddress };
  return { kind: "answer", ...claim };
}

function operationOf(code: number): ArpPacket["operation"] | null {
  if (code === OPERATION.request) return "request";
  if (code === OPERATION.reply) return "reply";
  return null;
}
