/**
 * IPv4, IPv6 and MAC addresses as text and as bytes.
 *
 * Text is what the rest of the agent carries about, so it has one form for each address: dotted quads without leading
 * zeros, RFC 5952 for IPv6, lower-case hexadecimal with colons for MAC addresses. Equal addresses are equal strings.
 */
import { compareBytes } from "./bytes.js";
import type { Branded, Vrid } from "./units.js";

export type Family = "ipv4" | "ipv6";

/** An address with its prefix, host bits included (`10.186.157.199/24`). */
export interface Cidr {
  readonly family: Family;
  readonly address: string;
  readonly prefixLength: number;
}

/** Canonical text: six lower-case octets with colons. */
export type MacAddress = Branded<string, "MacAddress">;

/** Four or sixteen bytes, or `null` when the text is no address. A zone (`%eth0`) is none of the address. */
export function parseAddress(text: string): Uint8Array | null {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** As `parseAddress`, for text that must be an address: throws a RangeError. */
export function addressBytes(text: string, family?: Family): Uint8Array {
  const bytes = parseAddress(text);
  if (bytes === null) throw new RangeError(`not an IP address: ${text}`);
  if (family !== undefined && familyOfBytes(bytes) !== family)
    throw new RangeError(`not an ${family} address: ${text}`);
  return bytes;
}

/** Canonical text of four or sixteen bytes. */
export function formatAddress(bytes: Uint8Array): string {
  return familyOfBytes(bytes) === "ipv4" ? bytes.join(".") : formatIpv6(bytes);
}

export function familyOf(text: string): Family | null {
  const bytes = parseAddress(text);
  return bytes === null ? null : familyOfBytes(bytes);
}

export function canonicalAddress(text: string): string | null {
  const bytes = parseAddress(text);
  return bytes === null ? null : formatAddress(bytes);
}

/** 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  const bytes = parseAddress(address);
  return bytes?.length === 4 ? bytes[0] === 127 : address === "::1";
}

/** fe80::/10 (RFC 4291 section 2.5.6). */
export function isLinkLocal(address: string): boolean {
  const bytes = parseAddress(address);
  return bytes?.length === 16 && bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
}

/** Negative, zero or positive: unsigned comparison in network order, as RFC 9568 section 6.4.3 breaks ties. */
export function compareAddresses(a: string, b: string): number {
  return compareBytes(addressBytes(a), addressBytes(b));
}

/** `address/prefixLength`; `null` when it is not exactly that. */
export function parseCidr(text: string): Cidr | null {
  const slash = text.indexOf("/");
  if (slash < 0) return null;
  const bytes = parseAddress(text.slice(0, slash));
  const prefixLength = parseDecimal(text.slice(slash + 1));
  if (bytes === null || prefixLength === null || prefixLength > bytes.length * 8) return null;
  return { family: familyOfBytes(bytes), address: formatAddress(bytes), prefixLength };
}

/** Whether the address is inside the subnet that the CIDR's address and prefix say. */
export function isOnSubnet(address: string, subnet: Cidr): boolean {
  const bytes = addressBytes(address);
  const network = addressBytes(subnet.address);
  if (bytes.length !== network.length) return false;
  return compareBytes(withHostBits(bytes, subnet.prefixLength, 0), withHostBits(network, subnet.prefixLength, 0)) === 0;
}

/** The subnet's last address. `null` where there is no broadcast: IPv6, and /31 and /32 (RFC 3021). */
export function broadcastAddress(subnet: Cidr): string | null {
  if (subnet.family === "ipv6" || subnet.prefixLength > 30) return null;
  return formatAddress(withHostBits(addressBytes(subnet.address), subnet.prefixLength, 0xff));
}

export function isMacAddress(text: string): text is MacAddress {
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(text);
}

/** Six octets in hexadecimal with colons, in either case. */
export function parseMac(text: string): MacAddress | null {
  const lower = text.toLowerCase();
  return isMacAddress(lower) ? lower : null;
}

/** For text that must be a MAC address: throws a RangeError. */
export function macAddress(text: string): MacAddress {
  const mac = parseMac(text);
  if (mac === null) throw new RangeError(`not a MAC address: ${text}`);
  return mac;
}

/** Throws a RangeError unless there are six bytes; some link layers have none, so ask the length first. */
export function formatMac(bytes: Uint8Array): MacAddress {
  return macAddress(Array.from(bytes, hexByte).join(":"));
}

export function macBytes(mac: MacAddress): Uint8Array {
  return Uint8Array.from(mac.split(":"), (octet) => Number.parseInt(octet, 16));
}

/** The virtual router's MAC address (RFC 9568 section 7.3). */
export function virtualMac(family: Family, vrid: Vrid): MacAddress {
  return formatMac(Uint8Array.of(0x00, 0x00, 0x5e, 0x00, family === "ipv4" ? 0x01 : 0x02, vrid));
}

function familyOfBytes(bytes: Uint8Array): Family {
  if (bytes.length === 4) return "ipv4";
  if (bytes.length === 16) return "ipv6";
  throw new RangeError(`an IP address has 4 or 16 bytes, not ${String(bytes.length)}`);
}

/** Digits without sign or leading zeros: `010` is 8 to some programs and 10 to others. */
function parseDecimal(text: string): number | null {
  return /^(0|[1-9]\d{0,2})$/.test(text) ? Number(text) : null;
}

function parseIpv4(text: string): Uint8Array | null {
  const octets = text.split(".").map(parseDecimal);
  if (octets.length !== 4) return null;
  return octets.every((octet) => octet !== null && octet <= 255) ? Uint8Array.from(octets, Number) : null;
}

function parseIpv6(text: string): Uint8Array | null {
  const hexadecimal = withoutDottedTail(text);
  if (hexadecimal === null) return null;
  const [head, tail, ...more] = hexadecimal.split("::").map(parseGroups);
  if (head === undefined || head === null || tail === null || more.length > 0) return null;
  // "::" stands for at least one group of zeros; without it all eight groups are there.
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...Array<number>(missing).fill(0), ...(tail ?? [])];
  return Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff]));
}

/** Rewrites the IPv4 end of `::ffff:192.0.2.1` as two groups (RFC 4291 section 2.2). */
function withoutDottedTail(text: string): string | null {
  const start = text.lastIndexOf(":") + 1;
  if (!text.includes(".", start)) return text;
  const quad = parseIpv4(text.slice(start));
  if (quad === null) return null;
  return text.slice(0, start) + groupsOf(quad).map(hexGroup).join(":");
}

function parseGroups(text: string): readonly number[] | null {
  if (text === "") return [];
  const groups = text.split(":");
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : null;
}

/** RFC 5952 section 4, and section 5 for IPv4-mapped addresses. */
function formatIpv6(bytes: Uint8Array): string {
  const groups = groupsOf(bytes);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${bytes.subarray(12).join(".")}`;
  }
  const { start, length } = longestZeroRun(groups);
  if (length < 2) return groups.map(hexGroup).join(":");
  const head = groups.slice(0, start).map(hexGroup).join(":");
  const tail = groups
    .slice(start + length)
    .map(hexGroup)
    .join(":");
  return `${head}::${tail}`;
}

/** The first of the longest runs. */
function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let longest = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > longest.length) longest = { start, length: index + 1 - start };
  }
  return longest;
}

function groupsOf(bytes: Uint8Array): readonly number[] {
  return Array.from(
    { length: bytes.length / 2 },
    (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0),
  );
}

function hexGroup(group: number): string {
  return group.toString(16);
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

/** The address with every bit behind the prefix taken from `filler`. */
function withHostBits(bytes: Uint8Array, prefixLength: number, filler: 0 | 0xff): Uint8Array {
  return bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefixLength - index * 8));
    const mask = (0xff00 >> kept) & 0xff;
    return (byte & mask) | (filler & ~mask);
  });
}
