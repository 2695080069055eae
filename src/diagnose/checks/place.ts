/** Whether each VIP has an interface, and one that it can live on. */
import { type Evidence, type GroupEvidence, type NetworkEvidence, linkOf, vipsText } from "../evidence.js";
import { type Said, passed, problem, skipped } from "../finding.js";
import type { HostFiles } from "../host-files.js";

const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_LINK = 253;
const IFF_MULTICAST = 0x1000;
const IFF_NOARP = 0x80;

export function interfaces({ network, files }: Evidence): readonly Said[] {
  if (network === null) return [skipped("the interfaces could not be looked at")];
  return network.groups.flatMap((group) => ofGroup(group, network, files));
}

function ofGroup(group: GroupEvidence, network: NetworkEvidence, files: HostFiles): readonly Said[] {
  const { place, config } = group;
  const vips = vipsText(config);
  if (!place.ok) {
    return [
      problem("error", place.problem.text, {
        why: `the agent does not know where ${vips} belongs`,
        mend: "check the VIP and its prefix length, or name the interface with --interface",
      }),
    ];
  }
  const link = linkOf(group, network);
  if (link === null) return [skipped(`${place.name} went away while it was looked at`)];
  const state = linkState(link);
  if (state !== null) {
    return [
      problem("error", `${link.name} ${state}`, {
        why: "the agent is in the state fault and takes no VIP there",
        mend: `ip link set ${link.name} up, and look at the cable or the switch's port`,
      }),
    ];
  }
  const found = [...flags(link.name, files), ...source(group, network), ...bonding(link.name, files)];
  return found.length > 0 ? found : [passed(`${vips} belongs on ${link.name}, which is up`)];
}

function linkState({ up, carrier, mac }: NetworkEvidence["links"][number]): string | null {
  if (!up) return "is down";
  if (!carrier) return "has no carrier";
  return mac.length === 6 ? null : "is not an Ethernet interface";
}

function flags(name: string, files: HostFiles): readonly Said[] {
  const value = Number(files.read(`/sys/class/net/${name}/flags`)?.trim() ?? Number.NaN);
  if (Number.isNaN(value)) return [];
  const wrong = [
    ...((value & IFF_NOARP) === 0 ? [] : ["NOARP is set"]),
    ...((value & IFF_MULTICAST) === 0 ? ["MULTICAST is off"] : []),
  ];
  return wrong.map((what) =>
    problem("error", `${name}: ${what}`, {
      why: "neighbours can neither ask for the VIP nor hear adverts",
      mend: `ip link set ${name} arp on multicast on`,
    }),
  );
}

/** VRRP speaks from the interface's own address, which must not be the VIP. */
function source({ config, place }: GroupEvidence, { addresses }: NetworkEvidence): readonly Said[] {
  const here = addresses.filter(({ ifIndex }) => place.ok && ifIndex === place.ifIndex);
  return config.vips.flatMap((vip) => {
    const scope = vip.family === "ipv4" ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
    if (here.some((own) => own.family === vip.family && own.scope === scope && own.address !== vip.address)) return [];
    const kind = vip.family === "ipv4" ? "IPv4 address of its own" : "IPv6 link-local address";
    return [
      problem("error", `this node has no ${kind} to announce ${vip.address} from`, {
        why: "adverts are sent from it; without one the group stays in the state fault",
        mend: "give the interface an address of its own in the VIP's subnet",
      }),
    ];
  });
}

function bonding(name: string, files: HostFiles): readonly Said[] {
  const mode = files.read(`/sys/class/net/${name}/bonding/mode`)?.trim();
  if (mode === undefined || !/^balance-(alb|tlb)/.test(mode)) return [];
  return [
    problem("warning", `${name} is a bond in mode ${mode}`, {
      why: "this mode rewrites ARP to spread clients over its members, and announcements of a VIP get lost in it",
      mend: "use active-backup or 802.3ad for interfaces with a VIP",
    }),
  ];
}
