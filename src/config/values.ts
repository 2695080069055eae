/**
 * The kinds of values a setting can have, as valibot schemas. The message of each says what is wanted, and nothing else:
 * what was found, and where, is added by problems.ts.
 */
import * as v from "valibot";
import { type Cidr, broadcastAddress, canonicalAddress, parseAddress, parseCidr } from "../wire/addresses.js";
import { PASSWORD_PATTERN } from "../wire/vrrp.js";

/** IFNAMSIZ less the final zero byte: interface names and address labels. */
const NAME_LIMIT = 15;

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const DURATION = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h)$/;

/** Milliseconds of `100ms`, `5s`, `1.5m`; `null` when it is no duration with a unit. */
export function parseDuration(text: string): number | null {
  const [, amount, unit] = DURATION.exec(text) ?? [];
  const factor = MS_PER_UNIT[unit ?? ""];
  // Rounded to the microsecond, because 40.95 × 1000 is not 40950 in binary.
  return amount === undefined || factor === undefined ? null : Math.round(Number(amount) * factor * 1000) / 1000;
}

interface DurationRange {
  readonly from: string;
  readonly to: string;
  /** Only multiples of it. */
  readonly step?: string;
}

export function duration(range: DurationRange) {
  const step = range.step === undefined ? "" : ` in steps of ${range.step}`;
  const wanted = `a duration with its unit (ms, s, m, h), from ${range.from} to ${range.to}${step}`;
  return v.pipe(
    v.string(wanted),
    v.regex(DURATION, wanted),
    transformed(wanted, (text) => durationWithin(range, text)),
    v.metadata({ placeholder: "duration" }),
  );
}

/** As `duration`, or `off`, which is 0. */
export function durationOrOff(range: DurationRange) {
  const wanted = `off, or a duration from ${range.from} to ${range.to} in steps of ${range.step ?? "1ms"}`;
  return v.pipe(
    v.string(wanted),
    transformed(wanted, (text) => (text === "off" ? 0 : durationWithin(range, text))),
    v.metadata({ placeholder: "duration|off" }),
  );
}

function durationWithin({ from, to, step = "1ms" }: DurationRange, text: string): number | null {
  const durationMs = parseDuration(text);
  const within = durationMs !== null && durationMs >= milliseconds(from) && durationMs <= milliseconds(to);
  return within && durationMs % milliseconds(step) === 0 ? durationMs : null;
}

function milliseconds(text: string): number {
  return parseDuration(text) ?? Number.NaN;
}

export function wholeNumber(from: number, to: number) {
  const wanted = `a whole number from ${String(from)} to ${String(to)}`;
  return v.pipe(
    v.number(wanted),
    v.integer(wanted),
    v.minValue(from, wanted),
    v.maxValue(to, wanted),
    v.metadata({ placeholder: "n" }),
  );
}

export const yesNo = v.pipe(v.boolean("true or false"), v.metadata({ placeholder: "true|false" }));

export function oneOf<const Options extends readonly [string | number, ...(string | number)[]]>(options: Options) {
  return v.pipe(v.picklist(options, `one of ${options.join(", ")}`), v.metadata({ placeholder: options.join("|") }));
}

const TEXT_WANTED = "a text on one line, without blanks around it";
export const text = v.pipe(
  v.string(TEXT_WANTED),
  v.regex(/^\S(.*\S)?$/, TEXT_WANTED),
  v.metadata({ placeholder: "text" }),
);

export const AUTH_PASS_WANTED = "one to eight printable ASCII characters, as a text";
/** The simple password of VRRPv2: keepalived cuts a longer one, which makes it look safer than it is. */
export const authPass = v.pipe(
  v.string(AUTH_PASS_WANTED),
  v.regex(PASSWORD_PATTERN, AUTH_PASS_WANTED),
  v.metadata({ placeholder: "text" }),
);

/** An AdvertKey as it is written, its value perhaps in a file. */
export interface WrittenKey {
  readonly id: number;
  readonly value:
    { readonly kind: "inline"; readonly bytes: Uint8Array } | { readonly kind: "file"; readonly path: string };
}

export const KEY_WANTED = "hex: and 64 to 128 hexadecimal digits, or 32 to 64 printable ASCII characters";
const KEYS_WANTED = `an ID from 1 to 255, = and file:/path, or ${KEY_WANTED}`;
/** Keys that sign adverts; the first of them signs. */
export const authKeys = v.pipe(
  v.array(
    v.pipe(v.string(KEYS_WANTED), transformed(KEYS_WANTED, parseWrittenKey)),
    `a list of keys, each ${KEYS_WANTED}`,
  ),
  v.minLength(1, "at least one key"),
  v.metadata({ placeholder: "id=file:/path,..." }),
);

function parseWrittenKey(text: string): WrittenKey | null {
  const [, digits, path, inline] = /^([1-9]\d{0,2})=(?:file:(\/[^\0]*)|(.*))$/.exec(text) ?? [];
  const id = Number(digits);
  if (!(id <= 255)) return null;
  if (path !== undefined) return { id, value: { kind: "file", path } };
  const bytes = keyBytes(inline ?? "");
  return bytes === null ? null : { id, value: { kind: "inline", bytes } };
}

/** The bytes of a key as keepalived's `auth_hmac` reads it, too; `null` when it is none such. */
export function keyBytes(text: string): Uint8Array | null {
  const digits = /^hex:((?:[0-9a-fA-F]{2}){32,64})$/.exec(text)?.[1];
  if (digits !== undefined) return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  if (/^(hex|file):/.test(text) || !/^[\x20-\x7e]{32,64}$/.test(text)) return null;
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

const PATH_WANTED = "an absolute path";
export const path = v.pipe(
  v.string(PATH_WANTED),
  v.regex(/^\/[^\0]*$/, PATH_WANTED),
  v.metadata({ placeholder: "path" }),
);

const PROGRAM_WANTED = "an absolute path, or a list of one and the arguments for it";
/** A program to run without a shell. */
export const program = v.pipe(
  v.union([v.string(), v.array(v.string(PROGRAM_WANTED))], PROGRAM_WANTED),
  v.transform((value) => (typeof value === "string" ? [value] : value)),
  v.array(v.pipe(v.string(), v.regex(/^[^\0]*$/, PROGRAM_WANTED))),
  v.check(([first = ""]) => first.startsWith("/"), PROGRAM_WANTED),
  v.metadata({ placeholder: "program,..." }),
);

/** sun_path of a unix socket's address holds 108 bytes with its final zero. */
const SOCKET_WANTED = "an absolute path of at most 107 bytes";
export const socketPath = v.pipe(
  v.string(SOCKET_WANTED),
  v.regex(/^\/[^\0]*$/, SOCKET_WANTED),
  v.maxBytes(107, SOCKET_WANTED),
  v.metadata({ placeholder: "path" }),
);

function nameUpTo15(what: string, placeholder: string) {
  const wanted = `${what} of at most ${String(NAME_LIMIT)} characters, without spaces and slashes`;
  return v.pipe(
    v.string(wanted),
    v.regex(/^[^\s/]+$/, wanted),
    v.maxBytes(NAME_LIMIT, wanted),
    v.metadata({ placeholder }),
  );
}

export const interfaceName = nameUpTo15("an interface name", "name");
export const label = nameUpTo15("a label", "label");

const URL_WANTED = "http:// or https:// with a host and at most a port, such as http://127.0.0.1:8008";
/** The origin of an HTTP server, without a final slash. */
export const httpOrigin = v.pipe(
  v.string(URL_WANTED),
  transformed(URL_WANTED, (url) => {
    const parsed = URL.canParse(url) ? new URL(url) : null;
    const isOrigin = parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.href === `${parsed.origin}/`;
    return isOrigin ? parsed.origin : null;
  }),
  v.metadata({ placeholder: "url" }),
);

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const HOST_PORT_WANTED = "host:port, such as 127.0.0.1:5432 or [::1]:5432";
export const hostPort = v.pipe(
  v.string(HOST_PORT_WANTED),
  transformed(HOST_PORT_WANTED, parseHostPort),
  v.metadata({ placeholder: "host:port" }),
);

/** `host:port`, with brackets around an IPv6 address. */
export function parseHostPort(text: string): HostPort | null {
  const [, bracketed, plain, digits] = /^(?:\[([^\]\s]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  return host === undefined || !(port >= 1 && port <= 65535) ? null : { host, port };
}

const ENDPOINT_WANTED = "a port, or host:port, such as 9750 or 10.0.0.1:9750";
/** Where to listen: on loopback, unless a host is named as well. */
export const endpoint = v.pipe(
  v.union([v.string(), v.number()], ENDPOINT_WANTED),
  v.transform(String),
  transformed(ENDPOINT_WANTED, (text) => parseHostPort(/^\d+$/.test(text) ? `127.0.0.1:${text}` : text)),
  v.metadata({ placeholder: "port|host:port" }),
);

const CIDR_WANTED = "an address with its prefix length, such as 192.0.2.10/24";
const vipAddress = v.pipe(
  v.string(CIDR_WANTED),
  transformed(CIDR_WANTED, parseCidr),
  v.check(isUnicast, "an address that a host can have (not multicast, loopback or unspecified)"),
  v.check((cidr) => cidr.prefixLength > 0, "a prefix length of at least 1"),
  v.check(isNotSubnetItself, "the address of a host, not the subnet's own or its broadcast address"),
);

/** One VIP or a list of them. */
export const vipAddresses = v.pipe(
  v.union([v.string(), v.array(v.string(CIDR_WANTED))], `${CIDR_WANTED}, or a list of these`),
  v.transform((value) => (typeof value === "string" ? [value] : value)),
  v.array(vipAddress),
  v.minLength(1, "at least one address"),
  v.metadata({ placeholder: "cidr" }),
);

/** Bytes as Patroni reads them (`parse_int` in patroni/utils.py): `1048576`, `16MB`. */
const LAG_WANTED = "a number of bytes, such as 16MB (units: B, kB, MB, GB, TB)";
export const lag = v.pipe(
  v.string(LAG_WANTED),
  v.regex(/^\d{1,15}(B|kB|MB|GB|TB)?$/, LAG_WANTED),
  v.metadata({ placeholder: "bytes" }),
);

const TAG_WANTED = "a tag with its value, such as region=eu";
export const tags = v.pipe(
  v.array(v.pipe(v.string(TAG_WANTED), v.regex(/^[\w.-]+=[^\s=]+$/, TAG_WANTED)), "a list of tags with their values"),
  v.metadata({ placeholder: "tag=value,..." }),
);

const ADDRESS_WANTED = "an IP address without prefix length";
export const addresses = v.pipe(
  v.array(v.pipe(v.string(ADDRESS_WANTED), transformed(ADDRESS_WANTED, canonicalAddress)), "a list of IP addresses"),
  v.metadata({ placeholder: "address,..." }),
);

function isUnicast({ address, family }: Cidr): boolean {
  const [first = 0] = parseAddress(address) ?? [];
  if (family === "ipv4") return first !== 0 && first !== 127 && first < 224;
  return first !== 0xff && address !== "::" && address !== "::1";
}

function isNotSubnetItself(cidr: Cidr): boolean {
  const { family, address, prefixLength } = cidr;
  // Point-to-point subnets (RFC 3021) and host routes have no addresses to spare.
  if (family === "ipv6" || prefixLength > 30) return true;
  const bits = (parseAddress(address) ?? new Uint8Array()).reduce((sum, byte) => sum * 256 + byte, 0);
  return bits % 2 ** (32 - prefixLength) !== 0 && broadcastAddress(cidr) !== address;
}

/** A transformation that may refuse: `null` from `parse` is an issue with the message. */
function transformed<Output>(wanted: string, parse: (text: string) => Output | null) {
  return v.rawTransform<string, Output>(({ dataset, addIssue, NEVER }) => {
    const value = parse(dataset.value);
    if (value !== null) return value;
    addIssue({ message: wanted });
    return NEVER;
  });
}
