/**
 * VRRP adverts: VRRPv3 over IPv4 and IPv6 (RFC 9568) and VRRPv2 over IPv4 (RFC 3768), without authentication or with the
 * simple password of RFC 2338.
 *
 * Parsing makes every check that needs no configuration (RFC 9568 section 7.1). Whether the VRID is ours, and the version,
 * password and interval are the configured ones, is for the caller to ask of the advert.
 */
import { addressBytes, formatAddress, type Family } from "./addresses.js";
import { viewOf } from "./bytes.js";
import { checksumWithPseudoHeader, internetChecksum } from "./checksum.js";
import { type AdvertTrailer, TRAILER_LENGTH, parseTrailer } from "./advert-trailer.js";
import { IP_PROTOCOL } from "./ipv4.js";
import {
  isCentis,
  isPriority,
  isSeconds,
  isVrid,
  type Centis,
  type Priority,
  type Seconds,
  type Vrid,
} from "./units.js";

export interface AdvertV3 {
  readonly kind: "v3";
  readonly family: Family;
  readonly vrid: Vrid;
  readonly priority: Priority;
  /** Max Advertise Interval, in centiseconds. */
  readonly interval: Centis;
  /** At least one. Over IPv6 the first is link-local. */
  readonly addresses: readonly string[];
}

export interface AdvertV2 {
  readonly kind: "v2";
  readonly family: "ipv4";
  readonly vrid: Vrid;
  readonly priority: Priority;
  readonly interval: Seconds;
  readonly authentication: Authentication;
  readonly addresses: readonly string[];
}

export type Advert = AdvertV3 | AdvertV2;

export type Authentication =
  | { readonly kind: "none" }
  /** Sent in clear, compared over all eight bytes: it keeps mistakes out, not attackers. */
  | { readonly kind: "password"; readonly bytes: Uint8Array };

/**
 * Over what the checksum of VRRPv3 over IPv4 goes: keepalived and FRR put a pseudo-header before the PDU, RFC 9568 section
 * 5.2.8 and most routers do not. VRRPv2 never has one, IPv6 always.
 */
export type ChecksumForm = "pseudoHeader" | "pduOnly";

/** What a virtual router speaks. */
export type Dialect =
  /** `checksum` is what is sent over IPv4; both forms are understood. */
  | { readonly kind: "v3"; readonly checksum: ChecksumForm }
  | { readonly kind: "v2"; readonly authentication: Authentication };

/** Source and destination of the IP header around the PDU. */
export interface Endpoints {
  readonly source: string;
  readonly destination: string;
}

/** What the IP header of a received PDU said. */
export interface Received extends Endpoints {
  readonly family: Family;
  /** TTL or hop limit. */
  readonly ttl: number;
}

/** In the order of the checks: the first that fails names the drop. */
export type DropReason =
  /** TTL or hop limit is not 255: the packet came through a router. */
  | "ttl"
  /** Shorter than the fixed part, or than the number of addresses asks for. */
  | "truncated"
  /** CARP of FreeBSD, OpenBSD or pfSense, which shares VRRP's protocol number, group and first byte. */
  | "carp"
  /** Neither VRRPv3, nor VRRPv2 over IPv4. */
  | "version"
  /** Not an advertisement. */
  | "type"
  /** Longer than the number of addresses asks for, and not by a signature's trailer. */
  | "trailing"
  | "checksum"
  /** VRID 0, which nobody can have configured. */
  | "vrid"
  /** VRRPv2 with an authentication type that is neither none nor a simple password. */
  | "authentication"
  /** An interval of 0 (erratum 8301). */
  | "interval"
  /** No addresses (erratum 8299). */
  | "addressCount";

export type ParsedAdvert =
  | {
      readonly ok: true;
      readonly advert: Advert;
      readonly checksumForm: ChecksumForm;
      /** `null`: the advert is not signed. Whether the signature is good is for those to say who have the key. */
      readonly trailer: AdvertTrailer | null;
    }
  | { readonly ok: false; readonly drop: DropReason };

export const VRRP_GROUP = { ipv4: "224.0.0.18", ipv6: "ff02::12" } as const;
export const VRRP_TTL = 255;

const TYPE_ADVERTISEMENT = 1;
const FIXED_LENGTH = 8;
const CHECKSUM_OFFSET = 6;
const PASSWORD_LENGTH = 8;
const AUTHENTICATION_TYPE = { none: 0, password: 1 } as const;
const ADDRESS_LENGTH = { ipv4: 4, ipv6: 16 } as const;
/** The high four bits of the interval's field are reserved: sent as zero, ignored on receipt. */
const INTERVAL_MASK = 0x0fff;
const CARP_LENGTH = 36;
/** CARP's length of authentication data (counter and SHA-1 in 32-bit words), where VRRP counts addresses. */
const CARP_AUTHENTICATION_WORDS = 7;

/** A simple password as text. */
export const PASSWORD_PATTERN = /^[\x20-\x7e]{1,8}$/;

/** The eight bytes of a password: at most eight ASCII characters, padded with zeros; `null` when it is none such. */
export function passwordBytes(text: string): Uint8Array | null {
  if (!PASSWORD_PATTERN.test(text)) return null;
  const bytes = new Uint8Array(PASSWORD_LENGTH);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes;
}

/**
 * The PDU, for an IP header with these endpoints. `checksum` chooses only where there is a choice: VRRPv3 over IPv4. A
 * `trailer` goes behind it as it is.
 */
export function emitAdvert(
  advert: Advert,
  endpoints: Endpoints,
  options: { readonly checksum: ChecksumForm; readonly trailer?: Uint8Array },
): Uint8Array {
  const count = advert.addresses.length;
  if (count < 1 || count > 255) throw new RangeError(`an advert has 1 to 255 addresses, not ${String(count)}`);
  const { trailer = new Uint8Array() } = options;
  const length = pduLength(advert.kind, advert.family, count);
  const whole = new Uint8Array(length + trailer.length);
  whole.set(trailer, length);
  const pdu = whole.subarray(0, length);
  const view = viewOf(pdu);
  view.setUint8(0, ((advert.kind === "v3" ? 3 : 2) << 4) | TYPE_ADVERTISEMENT);
  view.setUint8(1, advert.vrid);
  view.setUint8(2, advert.priority);
  view.setUint8(3, count);
  const size = ADDRESS_LENGTH[advert.family];
  for (const [index, address] of advert.addresses.entries()) {
    pdu.set(addressBytes(address, advert.family), FIXED_LENGTH + index * size);
  }
  if (advert.kind === "v3") view.setUint16(4, advert.interval);
  else emitV2Fields(pdu, advert);
  const forms = formsOf(advert.kind, advert.family);
  const form = forms.includes(options.checksum) ? options.checksum : forms[0];
  view.setUint16(CHECKSUM_OFFSET, checksumOf(summedPart(whole, length, advert.family), endpoints, advert.family, form));
  return whole;
}

/** Never throws, whatever the bytes are. */
export function parseAdvert(pdu: Uint8Array, received: Received): ParsedAdvert {
  const { family } = received;
  if (received.ttl !== VRRP_TTL) return dropped("ttl");
  if (pdu.length < FIXED_LENGTH) return dropped("truncated");
  if (looksLikeCarp(pdu)) return dropped("carp");
  const view = viewOf(pdu);
  const version = versionOf(view.getUint8(0) >>> 4, family);
  if (version === null) return dropped("version");
  if ((view.getUint8(0) & 0x0f) !== TYPE_ADVERTISEMENT) return dropped("type");
  const length = pduLength(version, family, view.getUint8(3));
  if (pdu.length < length) return dropped("truncated");
  const trailer = pdu.length === length + TRAILER_LENGTH ? parseTrailer(pdu.subarray(length)) : null;
  if (pdu.length > length && trailer === null) return dropped("trailing");
  const summed = summedPart(pdu, length, family);
  const checksumForm = formsOf(version, family).find((form) => checksumOf(summed, received, family, form) === 0);
  if (checksumForm === undefined) return dropped("checksum");
  const unsigned = pdu.subarray(0, length);
  const advert = version === "v3" ? parseV3(unsigned, family) : parseV2(unsigned);
  return typeof advert === "string" ? dropped(advert) : { ok: true, advert, checksumForm, trailer };
}

function parseV3(pdu: Uint8Array, family: Family): AdvertV3 | DropReason {
  const view = viewOf(pdu);
  const vrid = view.getUint8(1);
  const priority = view.getUint8(2);
  const interval = view.getUint16(4) & INTERVAL_MASK;
  if (!isVrid(vrid) || !isPriority(priority)) return "vrid";
  if (!isCentis(interval)) return "interval";
  const addresses = parseAddresses(pdu, family);
  return addresses.length === 0 ? "addressCount" : { kind: "v3", family, vrid, priority, interval, addresses };
}

function parseV2(pdu: Uint8Array): AdvertV2 | DropReason {
  const view = viewOf(pdu);
  const vrid = view.getUint8(1);
  const priority = view.getUint8(2);
  const interval = view.getUint8(5);
  if (!isVrid(vrid) || !isPriority(priority)) return "vrid";
  const authentication = parseAuthentication(view.getUint8(4), pdu.subarray(-PASSWORD_LENGTH));
  if (authentication === null) return "authentication";
  if (!isSeconds(interval)) return "interval";
  const addresses = parseAddresses(pdu, "ipv4");
  if (addresses.length === 0) return "addressCount";
  return { kind: "v2", family: "ipv4", vrid, priority, interval, authentication, addresses };
}

/** Without authentication the eight bytes are there all the same, and say nothing (RFC 3768 section 5.3.10). */
function parseAuthentication(type: number, bytes: Uint8Array): Authentication | null {
  if (type === AUTHENTICATION_TYPE.none) return { kind: "none" };
  if (type === AUTHENTICATION_TYPE.password) return { kind: "password", bytes: bytes.slice() };
  return null;
}

function emitV2Fields(pdu: Uint8Array, advert: AdvertV2): void {
  pdu[4] = AUTHENTICATION_TYPE[advert.authentication.kind];
  pdu[5] = advert.interval;
  if (advert.authentication.kind === "none") return;
  const { bytes } = advert.authentication;
  if (bytes.length !== PASSWORD_LENGTH) throw new RangeError("a VRRPv2 password is padded to eight bytes");
  pdu.set(bytes, pdu.length - PASSWORD_LENGTH);
}

function parseAddresses(pdu: Uint8Array, family: Family): readonly string[] {
  const size = ADDRESS_LENGTH[family];
  return Array.from({ length: viewOf(pdu).getUint8(3) }, (_, index) => {
    const start = FIXED_LENGTH + index * size;
    return formatAddress(pdu.subarray(start, start + size));
  });
}

function versionOf(version: number, family: Family): Advert["kind"] | null {
  if (version === 3) return "v3";
  return version === 2 && family === "ipv4" ? "v2" : null;
}

function pduLength(version: Advert["kind"], family: Family, count: number): number {
  return FIXED_LENGTH + count * ADDRESS_LENGTH[family] + (version === "v2" ? PASSWORD_LENGTH : 0);
}

/** The forms that are in use. */
function formsOf(version: Advert["kind"], family: Family): readonly [ChecksumForm, ...ChecksumForm[]] {
  if (version === "v2") return ["pduOnly"];
  return family === "ipv6" ? ["pseudoHeader"] : ["pseudoHeader", "pduOnly"];
}

/** Over IPv6 the checksum is that of the whole payload, as the kernel makes it; over IPv4 a trailer is not part of it. */
function summedPart(whole: Uint8Array, length: number, family: Family): Uint8Array {
  return family === "ipv6" ? whole : whole.subarray(0, length);
}

/** With the checksum's field zero: what belongs there. With the field filled in: zero when it is right. */
function checksumOf(pdu: Uint8Array, endpoints: Endpoints, family: Family, form: ChecksumForm): number {
  if (form === "pduOnly") return internetChecksum(pdu);
  const source = addressBytes(endpoints.source, family);
  const destination = addressBytes(endpoints.destination, family);
  return checksumWithPseudoHeader(source, destination, IP_PROTOCOL.vrrp, pdu);
}

/**
 * CARP's header has the first byte of VRRPv2, always 36 bytes, and a 7 where VRRP counts addresses. VRRPv2 with seven
 * addresses has 44 bytes, so no whole advert is ever mistaken for CARP.
 */
function looksLikeCarp(pdu: Uint8Array): boolean {
  return pdu.length === CARP_LENGTH && pdu[0] === 0x21 && pdu[3] === CARP_AUTHENTICATION_WORDS;
}

function dropped(drop: DropReason): ParsedAdvert {
  return { ok: false, drop };
}
