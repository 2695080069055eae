/** What no single setting can say: settings that contradict each other. */
import { type Cidr, isLinkLocal, isOnSubnet } from "../wire/addresses.js";
import { type Path, pathText } from "./layers.js";
import type { PatroniSettings, VipSettings } from "./schema.js";

/** A contradiction at the place of one of the settings that make it. */
export interface Contradiction {
  readonly path: Path;
  readonly text: string;
}

/** The parts of a configuration that are right for themselves, so that all problems can be told at once. */
export interface Parts {
  /** The section `patroni` and each of `clusters`, with its place. */
  readonly patronis: readonly Section[];
  readonly vips: readonly Entry[];
  /** Names in `clusters`, also of those that are wrong in themselves. */
  readonly clusterNames: readonly string[];
  /** Whether anybody wrote the section `patroni`. */
  readonly hasPatroni: boolean;
}

export interface Section {
  readonly path: Path;
  readonly patroni: PatroniSettings;
}

/** An entry of `vips`, with its place in the list. */
interface Entry {
  readonly index: number;
  readonly vip: VipSettings;
}

export function contradictions(parts: Parts): readonly Contradiction[] {
  const { patronis, vips } = parts;
  return [
    ...patronis.flatMap((section) =>
      patroniContradictions(section).map(({ path, text }) => ({ path: [...section.path, ...path], text })),
    ),
    ...clusterContradictions(parts),
    ...vips.flatMap(({ index, vip }) =>
      vipContradictions(vip).map(({ path, text }) => ({ path: ["vips", index, ...path], text })),
    ),
    ...repeatedVips(vips),
    ...repeatedRouterIds(vips),
  ];
}

function patroniContradictions({ path, patroni }: Section): readonly Contradiction[] {
  const section = pathText(path);
  const { url, username, password, password_file, ca, cert, key, insecure } = patroni;
  const hasPassword = password !== undefined || password_file !== undefined;
  const isPlain = url.startsWith("http:");
  const secure = { ca, cert, key, insecure: insecure ? true : undefined };
  return [
    ...when(username !== undefined && !hasPassword, ["username"], "has no password; wanted password_file or password"),
    ...when(
      username === undefined && hasPassword,
      [password === undefined ? "password_file" : "password"],
      `has no user; wanted ${section}.username as well`,
    ),
    ...when(
      password !== undefined && password_file !== undefined,
      ["password_file"],
      "is given beside password; wanted one of them",
    ),
    ...when(cert !== undefined && key === undefined, ["cert"], `has no key; wanted ${section}.key as well`),
    ...when(key !== undefined && cert === undefined, ["key"], `has no certificate; wanted ${section}.cert as well`),
    ...when(insecure && ca !== undefined, ["insecure"], "is true although a CA is given; wanted one of them"),
    ...Object.entries(secure).flatMap(([name, value]) =>
      when(isPlain && value !== undefined, [name], `has no effect because ${section}.url is ${url}; wanted https://`),
    ),
  ];
}

/** A VIP must never follow a cluster that nobody chose for it. */
function clusterContradictions({ vips, clusterNames, hasPatroni }: Parts): readonly Contradiction[] {
  const isUsed = (name: string): boolean => vips.some(({ vip }) => vip.cluster === name);
  const names = clusterNames.join(", ");
  return [
    ...vips.flatMap(({ index, vip: { cluster } }) => [
      ...when(
        cluster !== undefined && !clusterNames.includes(cluster),
        ["vips", index, "cluster"],
        `is ${cluster ?? ""}; wanted ${clusterNames.length === 0 ? "a name of clusters, where there is none" : `one of ${names}`}`,
      ),
      ...when(
        cluster === undefined && clusterNames.length > 0 && !hasPatroni,
        ["vips", index, "cluster"],
        `is missing; wanted one of ${names}, or a section patroni that VIPs without a cluster follow`,
      ),
    ]),
    ...clusterNames.flatMap((name) =>
      when(vips.length > 0 && !isUsed(name), ["clusters", name], "is followed by no VIP; wanted a VIP with its name"),
    ),
  ];
}

function vipContradictions(vip: VipSettings): readonly Contradiction[] {
  const { label, peers, transport } = vip;
  const families = new Set(vip.address.map(({ family }) => family));
  const foreign = peers?.filter((peer) => !families.has(peer.includes(":") ? "ipv6" : "ipv4")) ?? [];
  return [
    ...labelContradictions(vip),
    ...when(label !== undefined && !families.has("ipv4"), ["label"], "has no effect; only IPv4 addresses have labels"),
    ...when(transport === "multicast" && peers !== undefined, ["peers"], "has no effect; wanted transport: unicast"),
    ...when(
      transport === "unicast" && peers?.length === 0,
      ["peers"],
      "is an empty list; wanted at least one address, or no peers at all to follow the members of the cluster",
    ),
    ...when(foreign.length > 0, ["peers"], `has ${foreign.join(", ")}; wanted the same address family as the VIP`),
    ...when(
      vip.interface === undefined && vip.address.every(({ address }) => isLinkLocal(address)),
      ["address"],
      "is link-local, which every interface has a subnet for; wanted interface as well",
    ),
    ...roleContradictions(vip),
    ...versionContradictions(vip),
    ...signatureContradictions(vip),
    ...virtualMacContradictions(vip),
    ...timingContradictions(vip),
  ];
}

const MAX_V3_INTERVAL_MS = 40_950;
const CONDITIONAL_ROLES: readonly string[] = ["replica", "sync", "async"];

function roleContradictions(vip: VipSettings): readonly Contradiction[] {
  const { role, priority, max_lag, tags, preempt, preempt_delay } = vip;
  const conditions = Object.entries({ max_lag, tags });
  const preemption = Object.entries({ preempt, preempt_delay });
  const isElected = role !== "primary";
  return [
    ...conditions.flatMap(([name, value]) =>
      when(
        value !== undefined && !CONDITIONAL_ROLES.includes(role),
        [name],
        `has no effect with role: ${role}; wanted role ${CONDITIONAL_ROLES.join(", ")}`,
      ),
    ),
    ...preemption.flatMap(([name, value]) =>
      when(value !== undefined && !isElected, [name], "has no effect with role: primary, where Patroni's lock decides"),
    ),
    ...when(
      isElected && (priority === 255 || priority === 1),
      ["priority"],
      `is ${String(priority)}, which has a meaning of its own in an election; wanted 2 to 254`,
    ),
  ];
}

/** The field that counts the addresses of an advert has one byte. */
const MAX_ADDRESSES = 255;

/** What each version of VRRP cannot say (RFC 3768 section 5.3, RFC 9568 section 5.2). */
function versionContradictions(vip: VipSettings): readonly Contradiction[] {
  const { address, advert_interval: intervalMs, auth_pass, auth_pass_file } = vip;
  const isV2 = vip.vrrp_version === 2;
  const hasIpv6 = address.some(({ family }) => family === "ipv6");
  const passKey = auth_pass === undefined ? "auth_pass_file" : "auth_pass";
  const hasPass = auth_pass !== undefined || auth_pass_file !== undefined;
  const most = Math.max(...["ipv4", "ipv6"].map((one) => address.filter(({ family }) => family === one).length));
  return [
    ...when(isV2 && hasIpv6, ["vrrp_version"], "is 2, which has no IPv6; wanted 3, or IPv4 addresses only"),
    ...when(!isV2 && hasPass, [passKey], "has no effect; only VRRPv2 has passwords (vrrp_version: 2)"),
    ...when(
      auth_pass !== undefined && auth_pass_file !== undefined,
      ["auth_pass_file"],
      "is given beside auth_pass; wanted one of them",
    ),
    ...when(
      isV2 && intervalMs !== undefined && (intervalMs < 1000 || intervalMs % 1000 !== 0),
      ["advert_interval"],
      `is ${String(intervalMs)}ms; wanted whole seconds from 1s to 255s with vrrp_version: 2`,
    ),
    ...when(
      !isV2 && intervalMs !== undefined && intervalMs > MAX_V3_INTERVAL_MS,
      ["advert_interval"],
      `is ${String(intervalMs)}ms; wanted at most 40.95s with vrrp_version: 3`,
    ),
    ...when(
      most > MAX_ADDRESSES,
      ["address"],
      `has ${String(most)} of one family; wanted at most ${String(MAX_ADDRESSES)}`,
    ),
  ];
}

function signatureContradictions(vip: VipSettings): readonly Contradiction[] {
  const { auth_keys, auth_mode, auth_window, auth_pass, auth_pass_file } = vip;
  const ids = auth_keys?.map(({ id }) => id) ?? [];
  const passKey = auth_pass === undefined ? "auth_pass_file" : "auth_pass";
  const hasPass = auth_pass !== undefined || auth_pass_file !== undefined;
  return [
    ...ids.flatMap((id, index) =>
      when(ids.indexOf(id) < index, ["auth_keys", index], `has the ID ${String(id)} again; wanted each ID once`),
    ),
    ...when(hasPass && auth_keys !== undefined, [passKey], "is given beside auth_keys; wanted one of them"),
    ...Object.entries({ auth_mode, auth_window }).flatMap(([name, value]) =>
      when(value !== undefined && auth_keys === undefined, [name], "has no effect without auth_keys"),
    ),
  ];
}

function virtualMacContradictions({ vmac, router_id, transport, label }: VipSettings): readonly Contradiction[] {
  return [
    ...when(vmac && router_id === undefined, ["vmac"], "has no router_id; wanted it as well, as a part of the MAC"),
    ...when(
      vmac && transport === "unicast",
      ["vmac"],
      "is true with transport: unicast; wanted multicast, by which switches learn where the MAC is",
    ),
    ...when(vmac && label !== undefined, ["label"], "is given beside vmac; wanted one of them"),
  ];
}

function labelContradictions({ label, interface: name }: VipSettings): readonly Contradiction[] {
  if (label === undefined || name === undefined || label === name || label.startsWith(`${name}:`)) return [];
  return [{ path: ["label"], text: `is ${label}; wanted ${name} or ${name}: and a suffix, such as ${name}:1` }];
}

type SpanKey = "lease" | "poll_interval" | "turbo_interval" | "lock_interval" | "answer_timeout" | "silence_timeout";

/** The first must not be longer than the second, or must be shorter. */
const TIMING_RULES: readonly (readonly [SpanKey, "atMost" | "below", SpanKey])[] = [
  ["turbo_interval", "atMost", "poll_interval"],
  ["lock_interval", "atMost", "turbo_interval"],
  // One slow answer must not end the lease, nor one lost answer the right to the VIP.
  ["answer_timeout", "below", "lease"],
  ["poll_interval", "below", "lease"],
  ["answer_timeout", "below", "silence_timeout"],
];

function timingContradictions(vip: VipSettings): readonly Contradiction[] {
  return TIMING_RULES.flatMap(([shorter, rule, longer]) => {
    const [short, long] = [vip[shorter], vip[longer]];
    const text = `is ${String(short)}ms; wanted ${rule === "below" ? "less than" : "at most"} ${longer} (${String(long)}ms)`;
    return when(rule === "below" ? short >= long : short > long, [shorter], text);
  });
}

function repeatedVips(entries: readonly Entry[]): readonly Contradiction[] {
  const seen = new Set<string>();
  return entries.flatMap(({ index, vip }) =>
    vip.address.flatMap(({ address }, position) => {
      const again = seen.has(address);
      seen.add(address);
      return when(again, ["vips", index, "address", position], `is ${address} again; wanted each VIP once`);
    }),
  );
}

/** Two virtual routers on one link cannot have one ID (RFC 9568 section 5.2.3). */
function repeatedRouterIds(entries: readonly Entry[]): readonly Contradiction[] {
  return entries.flatMap(({ index, vip }, position) => {
    const isTwin = (other: Entry): boolean => other.vip.router_id === vip.router_id && mayShareLink(other.vip, vip);
    const twin = vip.router_id === undefined ? undefined : entries.slice(0, position).find(isTwin);
    if (twin === undefined) return [];
    const text = `is ${String(vip.router_id)}, as in vips[${String(twin.index)}]; wanted another one on the same interface`;
    return [{ path: ["vips", index, "router_id"], text }];
  });
}

/** By name where both give one; otherwise by subnet, from which the interface will be found. */
function mayShareLink(a: VipSettings, b: VipSettings): boolean {
  if (a.interface !== undefined && b.interface !== undefined) return a.interface === b.interface;
  const overlap = (one: Cidr, other: Cidr): boolean => isOnSubnet(one.address, other) || isOnSubnet(other.address, one);
  return a.address.some((one) => b.address.some((other) => overlap(one, other)));
}

function when(condition: boolean, path: Path, text: string): readonly Contradiction[] {
  return condition ? [{ path, text }] : [];
}
