/**
 * Settings of the kernel's network stack that decide whether a VIP is found, kept and left in order. The kernel combines
 * `conf/all` and `conf/<interface>` differently for each (Documentation/networking/ip-sysctl.rst).
 */
import type { Family } from "../../wire/addresses.js";
import { isOnSubnet } from "../../wire/addresses.js";
import { type Evidence, type GroupEvidence, type NetworkEvidence, linkOf, vipsText } from "../evidence.js";
import { type Said, type Severity, passed, problem, skipped } from "../finding.js";
import type { HostFiles } from "../host-files.js";
import { hasFixedSysctls } from "./platform.js";

interface Judged {
  readonly severity: Severity;
  readonly why: string;
  readonly wanted: number;
}

/** What is known of the group when a value is judged. */
interface Place {
  readonly group: GroupEvidence;
  /** Interfaces with an address in the VIP's subnet. */
  readonly neighbours: number;
}

interface Sysctl {
  readonly name: string;
  readonly family: Family;
  readonly combine: "max" | "either" | "interface" | "system";
  readonly judge: (value: number, place: Place) => Judged | null;
}

const SYSCTLS: readonly Sysctl[] = [
  {
    name: "arp_ignore",
    family: "ipv4",
    combine: "max",
    judge: (value, { group, neighbours }) => {
      if (value === 8) {
        return { severity: "error", wanted: 1, why: "the kernel answers no ARP question at all: nobody finds the VIP" };
      }
      if (value === 2 && group.config.vips.some(({ prefixLength }) => prefixLength === 32)) {
        const why = "the kernel answers only askers in the address's own subnet, and a /32 has no other hosts in it";
        return { severity: "error", wanted: 1, why };
      }
      if (value > 0 || neighbours < 2) return null;
      const why =
        "several interfaces lie in the VIP's subnet, and each of them answers for it with its own MAC address";
      return { severity: "warning", wanted: 1, why };
    },
  },
  {
    name: "arp_announce",
    family: "ipv4",
    combine: "max",
    judge: (value) =>
      value === 2
        ? null
        : {
            severity: "advice",
            wanted: 2,
            why: "ARP questions may carry the VIP as sender: right after a hand-over one late question takes clients back",
          },
  },
  {
    name: "rp_filter",
    family: "ipv4",
    combine: "max",
    judge: (value, { neighbours }) =>
      value !== 1 || neighbours < 2
        ? null
        : {
            severity: "warning",
            wanted: 2,
            why: "with several interfaces in one subnet strict filtering drops traffic",
          },
  },
  {
    name: "promote_secondaries",
    family: "ipv4",
    combine: "either",
    judge: (value, { group }) =>
      value > 0 || group.config.vips.every(({ prefixLength, family }) => family === "ipv6" || prefixLength === 32)
        ? null
        : {
            severity: "warning",
            wanted: 1,
            why: "when the first address of a subnet is deleted the kernel deletes all others of it too, the VIP or this node's own",
          },
  },
  {
    name: "drop_gratuitous_arp",
    family: "ipv4",
    combine: "either",
    judge: (value) =>
      value === 0
        ? null
        : {
            severity: "warning",
            wanted: 0,
            why: "this node ignores announcements, so its own connections to the VIP go to the old holder for up to a minute",
          },
  },
  {
    name: "proxy_arp",
    family: "ipv4",
    combine: "either",
    judge: (value) =>
      value === 0
        ? null
        : { severity: "warning", wanted: 0, why: "this node answers for addresses of others, VIPs included" },
  },
  {
    name: "ip_nonlocal_bind",
    family: "ipv4",
    combine: "system",
    judge: (value) =>
      value === 0
        ? null
        : {
            severity: "advice",
            wanted: 0,
            why: "programs can bind a VIP that is not here, which hides that it is missing; needed only by a server that binds the VIP itself",
          },
  },
  {
    name: "disable_ipv6",
    family: "ipv6",
    combine: "interface",
    judge: (value) =>
      value === 0 ? null : { severity: "error", wanted: 0, why: "the interface takes no IPv6 address, so no IPv6 VIP" },
  },
  {
    name: "drop_unsolicited_na",
    family: "ipv6",
    combine: "either",
    judge: (value) =>
      value === 0
        ? null
        : {
            severity: "warning",
            wanted: 0,
            why: "this node ignores announcements, so its own connections go to the old holder",
          },
  },
];

export function sysctls({ network, files }: Evidence): readonly Said[] {
  if (network === null) return [skipped("the interfaces could not be looked at")];
  return network.groups.flatMap((group) => ofGroup(group, network, files));
}

function ofGroup(group: GroupEvidence, network: NetworkEvidence, files: HostFiles): readonly Said[] {
  const link = linkOf(group, network);
  if (link === null) return [skipped(`${vipsText(group.config)} has no interface yet`)];
  const place = { group, neighbours: neighboursOf(group, network) };
  const relevant = SYSCTLS.filter(({ family }) => group.config.vips.some((vip) => vip.family === family));
  const problems = relevant.flatMap((sysctl) => {
    const found = read(sysctl, link.name, files);
    const judged = found === null ? null : sysctl.judge(found.value, place);
    if (found === null || judged === null) return [];
    const { severity, why, wanted } = judged;
    const mend = mendOf(found, wanted, files);
    return [problem(severity, `${found.key} = ${String(found.value)}`, { why, mend })];
  });
  const names = relevant.map(({ name }) => name).join(", ");
  return problems.length > 0 ? problems : [passed(`${link.name}: ${names} are in order`)];
}

interface Found {
  readonly value: number;
  readonly key: string;
  /** The key that raises the value for all interfaces, present and future. */
  readonly forAll: string;
}

function mendOf({ value, key, forAll }: Found, wanted: number, files: HostFiles): string {
  const setting = `${key}=${String(wanted)}`;
  if (!hasFixedSysctls(files)) return `sysctl -w ${setting}, and the same line in /etc/sysctl.d/ to keep it`;
  // Where the container is made, the name of its interface is not always known.
  const option = `--sysctl ${wanted > value ? forAll : key}=${String(wanted)}`;
  return `this container may not set it. On the network of its host: sysctl -w ${setting} there; on one of its own: ${option}`;
}

/** The value in force, and the key that sets it. */
function read({ name, family, combine }: Sysctl, link: string, files: HostFiles): Found | null {
  const number = (path: string): number | null => {
    const text = files.read(`/proc/sys/net/${family}/${path}`)?.trim();
    return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : null;
  };
  // A dot in an interface's name (a VLAN) is written as a slash in a sysctl's.
  const key = (which: string): string => `net.${family}.conf.${which.replaceAll(".", "/")}.${name}`;
  if (combine === "system") {
    const value = number(name);
    const only = `net.${family}.${name}`;
    return value === null ? null : { value, key: only, forAll: only };
  }
  const own = number(`conf/${link}/${name}`);
  if (own === null) return null;
  const all = combine === "interface" ? own : (number(`conf/all/${name}`) ?? own);
  // To lower the greater of the two, the greater one has to be set; to raise it, one of them will do.
  const forAll = key(combine === "interface" ? link : "all");
  return all > own ? { value: all, key: key("all"), forAll } : { value: own, key: key(link), forAll };
}

function neighboursOf({ config }: GroupEvidence, { addresses, links }: NetworkEvidence): number {
  const [vip] = config.vips;
  if (vip === undefined) return 0;
  const real = links.filter(({ loopback, up }) => up && !loopback).map(({ ifIndex }) => ifIndex);
  const near = addresses.filter(
    (own) => own.address !== vip.address && real.includes(own.ifIndex) && isOnSubnet(vip.address, own),
  );
  return new Set(near.map(({ ifIndex }) => ifIndex)).size;
}
