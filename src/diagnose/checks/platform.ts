/** Machines on which an address cannot simply move: clouds, filtering hypervisors, containers. */
import { canonicalAddress } from "../../wire/addresses.js";
import { type Evidence, membersOf } from "../evidence.js";
import { type Said, type Severity, passed, problem } from "../finding.js";
import type { HostFiles } from "../host-files.js";

interface Platform {
  readonly name: string;
  readonly severity: Severity;
  /** All of these are found in the machine's DMI strings. */
  readonly signs: readonly RegExp[];
  readonly why: string;
  readonly mend: string;
}

const NO_LAYER_2 =
  "its networks deliver by what the provider's control plane knows: gratuitous ARP moves no address there";

/** The first that fits counts. */
const PLATFORMS: readonly Platform[] = [
  cloud(
    "Amazon EC2",
    [/Amazon EC2/],
    "move a secondary private address or a route with the EC2 API, or use a load balancer",
  ),
  cloud(
    "Microsoft Azure",
    [/Microsoft Corporation/, /7783-7084-3265-9085-8269-3286-77/],
    "use an Azure load balancer with a health probe on Patroni",
  ),
  cloud(
    "Google Compute Engine",
    [/Google/],
    "use an internal load balancer with a health check on Patroni, or a static route",
  ),
  cloud("Oracle Cloud", [/OracleCloud/], "move a secondary private address with the OCI API"),
  cloud("DigitalOcean", [/DigitalOcean/], "use a reserved IP and its API"),
  cloud("Alibaba Cloud", [/Alibaba Cloud/], "use an HAVIP, which is made for this"),
  cloud("Hetzner Cloud", [/Hetzner/, /vServer/], "use a floating or alias IP and its API"),
  cloud("Scaleway", [/Scaleway/], "use a flexible IP and its API"),
  cloud("Vultr", [/Vultr/], "use a reserved IP and its API"),
  {
    name: "OpenStack",
    severity: "warning",
    signs: [/OpenStack/],
    why: "port security drops frames of addresses that a port was not given, and protocol 112 needs a rule of its own",
    mend: "add the VIP to allowed_address_pairs of each node's port, and a security group rule for IP protocol 112",
  },
  {
    name: "VMware",
    severity: "advice",
    signs: [/VMware/],
    why: "nothing is needed as long as the VIP uses the interface's own MAC address, as it does here",
    mend: "if announcements get lost, look at the port group's security policy and at Notify Switches",
  },
  {
    name: "Hyper-V",
    severity: "advice",
    signs: [/Microsoft Corporation/, /Virtual Machine/],
    why: "nothing is needed as long as the VIP uses the interface's own MAC address, as it does here",
    mend: "if announcements get lost, look at router guard and port ACLs of the virtual switch",
  },
  {
    name: "QEMU/KVM (libvirt, Proxmox)",
    severity: "advice",
    signs: [/QEMU|Proxmox|KVM/],
    why: "a filter on the guest's port may drop addresses that the guest was not given",
    mend: "Proxmox: ipfilter off, or the VIP in the ipfilter set; libvirt: no clean-traffic filter, or the VIP in its parameters",
  },
];

function cloud(name: string, signs: readonly RegExp[], mend: string): Platform {
  return { name, severity: "error", signs, why: NO_LAYER_2, mend };
}

const DMI = [
  "sys_vendor",
  "product_name",
  "board_vendor",
  "bios_vendor",
  "bios_version",
  "chassis_vendor",
  "chassis_asset_tag",
];

export function machine({ files }: Evidence): readonly Said[] {
  const strings = DMI.map((name) => files.read(`/sys/class/dmi/id/${name}`)?.trim() ?? "").join("\n");
  // A container shows the strings of its host, on whose network it may not be; the next check speaks of that.
  const found = PLATFORMS.find(({ signs }) => signs.every((sign) => sign.test(strings)));
  if (found === undefined) return [passed("no cloud or hypervisor that is known to filter addresses")];
  const { name, severity, why, mend } = found;
  return [problem(severity, `this machine runs on ${name}`, { why, mend })];
}

/** A MAC that no NIC was given is what many hypervisors and switches are there to stop. */
export function virtualMac({ config, files }: Evidence): readonly Said[] {
  if (!config.groups.some((group) => group.virtualMac)) return [];
  if (!/^flags\s*:.*\bhypervisor\b/m.test(files.read("/proc/cpuinfo") ?? "")) {
    return [passed("this is no virtual machine, whose hypervisor could drop frames from a virtual MAC")];
  }
  return [
    problem("advice", "this is a virtual machine, and a VIP has a virtual MAC (vmac)", {
      why: "hypervisors drop frames from and to a MAC that they have not given to the machine, unless told otherwise",
      mend: "VMware: forged transmits, MAC changes, and promiscuous mode or MAC learning; Hyper-V: MAC address spoofing; Proxmox and libvirt: no MAC filter on the port. Or leave vmac out",
    }),
  ];
}

export function container(evidence: Evidence): readonly Said[] {
  const kind = containerOf(evidence.files);
  if (kind === null) return [passed("this is no container")];
  if (kind === "lxc") {
    return [
      problem("advice", "this is an LXC, LXD or Incus container", {
        why: "its host can filter MAC and IP addresses on the container's port",
        mend: "security.mac_filtering, security.ipv4_filtering and security.ipv6_filtering must be off for its NIC, or allow the VIP",
      }),
    ];
  }
  if (isOnTheirSegment(evidence)) {
    return [passed(`this is a container (${kind}), on a segment with other members of the cluster`)];
  }
  if (isOnOwnDevices(evidence)) return [passed(`this is a container (${kind}), on the network of its host`)];
  const alone = evidence.network === null ? "" : ", and no other member of the cluster answers on its network";
  return [
    problem("warning", `this is a container (${kind})${alone}`, {
      why: "on a bridge or overlay network of its own the VIP is known to nobody outside",
      mend: `put it on the network of its host, or on a macvlan of that${OPTIONS[kind] ?? ""}, with CAP_NET_ADMIN and CAP_NET_RAW`,
    }),
  ];
}

const OPTIONS: Readonly<Record<string, string>> = {
  docker: " (--network host --cap-add NET_ADMIN --cap-add NET_RAW)",
  podman: " (--network host --cap-add NET_ADMIN --cap-add NET_RAW)",
  kubernetes: " (hostNetwork: true, and capabilities.add: [NET_ADMIN, NET_RAW])",
  "systemd-nspawn": " (--network-macvlan=; its default is the network of the host)",
};

/** Other members answer for their addresses there, so they will hear of the VIP as well. */
function isOnTheirSegment(evidence: Evidence): boolean {
  const hosts = membersOf(evidence).flatMap(({ host }) => (host === null ? [] : (canonicalAddress(host) ?? [])));
  const groups = evidence.network?.groups ?? [];
  return groups.length > 0 && groups.every(({ answers }) => hosts.some((host) => answers.has(host)));
}

/**
 * Whether the VIPs' interfaces have no other end outside: `iflink` is the index of that end, and a NIC, a bridge or a bond has
 * none; what is stacked upon those (a VLAN) has them as `lower_…` here.
 */
function isOnOwnDevices({ files, network }: Evidence): boolean {
  const groups = network?.groups ?? [];
  const isOwn = ({ place }: (typeof groups)[number]): boolean => {
    if (!place.ok) return false;
    const directory = `/sys/class/net/${place.name}`;
    const end = files.read(`${directory}/iflink`)?.trim();
    return end === String(place.ifIndex) || files.list(directory).some((name) => name.startsWith("lower_"));
  };
  return groups.length > 0 && groups.every(isOwn);
}

/** Whether programs of the host share these interfaces with a container that sees none but its own processes. */
export function isBlindToItsHost(evidence: Evidence): boolean {
  const { files } = evidence;
  const seesAll = files.read("/proc/2/comm")?.trim() === "kthreadd";
  return containerOf(files) !== null && !seesAll && isOnOwnDevices(evidence);
}

/** Docker gives a container the kernel's settings to read only; LXC gives it those of its network to write. */
export function hasFixedSysctls(files: HostFiles): boolean {
  if (containerOf(files) === null) return false;
  const mounts = files.read("/proc/self/mounts") ?? "";
  const optionsOf = (place: string): string | undefined =>
    new RegExp(`^\\S+ ${place} \\S+ (\\S+)`, "m").exec(mounts)?.[1];
  const options = optionsOf("/proc/sys/net") ?? optionsOf("/proc/sys") ?? "rw";
  return options.split(",").includes("ro");
}

function containerOf(files: HostFiles): string | null {
  const told = files.read("/run/systemd/container")?.trim() ?? "";
  const environment = files.read("/proc/1/environ") ?? "";
  const named = told === "" ? (/(?:^|\0)container=([\w-]+)/.exec(environment)?.[1] ?? "") : told;
  if (named.startsWith("lxc")) return "lxc";
  if (named !== "") return named;
  if (files.has("/.dockerenv")) return "docker";
  if (files.has("/run/.containerenv")) return "podman";
  return files.has("/var/run/secrets/kubernetes.io/serviceaccount/namespace") ? "kubernetes" : null;
}
