/** Other programs of this host that put addresses on interfaces or take them away. */
import type { Family } from "../../wire/addresses.js";
import { type Evidence, type GroupEvidence, type NetworkEvidence, linkOf, vipsText } from "../evidence.js";
import { type Said, passed, problem, skipped } from "../finding.js";
import type { HostFiles, HostProcess } from "../host-files.js";
import { isBlindToItsHost } from "./platform.js";

export function networkManagers({ network, files }: Evidence): readonly Said[] {
  if (network === null) return [skipped("the interfaces could not be looked at")];
  return network.groups.flatMap((group) => {
    const link = linkOf(group, network);
    if (link === null) return [skipped(`${vipsText(group.config)} has no interface yet`)];
    const said = [...networkd(link, files), ...networkManager(link, files)];
    return said.length > 0 ? said : [passed(`nothing on this host deletes foreign addresses from ${link.name}`)];
  });
}

type Link = NetworkEvidence["links"][number];

/**
 * systemd-networkd drops addresses that it did not make when it configures a link anew, unless KeepConfiguration=yes
 * (networkd-address.c, link_drop_unmanaged_addresses). `static` is not enough: an address with a lifetime, which a kernel
 * lease gives it, counts as dynamic there. ManageForeignRoutes= and its like are about routes and rules only.
 */
function networkd({ name, ifIndex }: Link, files: HostFiles): readonly Said[] {
  const state = files.read(`/run/systemd/netif/links/${String(ifIndex)}`);
  if (state === null || /^ADMIN_STATE=unmanaged$/m.test(state)) return [];
  const file = /^NETWORK_FILE=(.+)$/m.exec(state)?.[1];
  if (file === undefined) return [];
  const dropIns = /^NETWORK_FILE_DROPINS=(.+)$/m.exec(state)?.[1]?.replaceAll('"', "").split(/[ :]/) ?? [];
  const values = [file, ...dropIns].flatMap((path) => keepConfigurationIn(files.read(path) ?? ""));
  const value = values.at(-1) ?? "no";
  if (["yes", "true", "1", "on"].includes(value)) return [];
  return [
    problem("warning", `systemd-networkd manages ${name} with KeepConfiguration=${value} (${file})`, {
      why: "it deletes addresses that it did not make whenever it configures the link anew (restart, upgrade, reload); the agent puts the VIP back, but connections notice",
      mend: `[Network] KeepConfiguration=yes in ${file} or a drop-in for it (static is not enough for addresses with a lifetime)`,
    }),
  ];
}

function keepConfigurationIn(text: string): readonly string[] {
  return [...text.matchAll(/^\s*KeepConfiguration\s*=\s*([\w-]+)/gm)].flatMap(([, value]) => value ?? []);
}

/** NetworkManager leaves addresses of others alone while a connection is up, and flushes the device when it goes down. */
function networkManager({ name, ifIndex }: Link, files: HostFiles): readonly Said[] {
  const state = files.read(`/run/NetworkManager/devices/${String(ifIndex)}`);
  if (state === null || !/^managed=(true|full)$/m.test(state)) return [];
  return [
    problem("advice", `NetworkManager manages ${name}`, {
      why: "when its connection is taken down and up again (nmcli connection up, some upgrades) it removes every address, the VIP too",
      mend: "know it before such maintenance: the agent puts the VIP back when the interface is there again, or hands it over",
    }),
  ];
}

const OTHERS: Readonly<Record<string, { readonly flags: readonly string[]; readonly file: string }>> = {
  keepalived: { flags: ["-f", "--use-file"], file: "/etc/keepalived/keepalived.conf" },
  "vip-manager": { flags: ["--config", "-config"], file: "/etc/default/vip-manager.yml" },
  ucarp: { flags: [], file: "" },
  vrrpd: { flags: ["-f", "--config_file"], file: "/etc/frr/frr.conf" },
  pacemakerd: { flags: [], file: "/var/lib/pacemaker/cib/cib.xml" },
};

export function otherAgents(evidence: Evidence): readonly Said[] {
  const { network, files, processes } = evidence;
  if (network === null) return [skipped("the interfaces could not be looked at")];
  const said = distinct(processes).flatMap((process) => {
    const other = OTHERS[process.name];
    if (other === undefined) return [];
    const file = fileOf(process, other);
    const text = [...process.args, file === null ? "" : (files.read(file) ?? "")].join("\n");
    return network.groups.flatMap((group) => judge(process, file, text, group));
  });
  if (said.length > 0) return said;
  if (!isBlindToItsHost(evidence)) return [passed("no other VIP manager runs here")];
  return [skipped("a container sees no processes of its host, whose network it shares: look for VIP managers there")];
}

function judge(
  { name, pid }: HostProcess,
  file: string | null,
  text: string,
  { config }: GroupEvidence,
): readonly Said[] {
  const shared = config.vips
    .filter(({ address, family }) => names(text, address, family))
    .map(({ address }) => address);
  const who = `${name} (process ${String(pid)}${file === null ? "" : `, ${file}`})`;
  if (shared.length === 0) {
    return [
      problem("advice", `${who} runs here, with other addresses than ${vipsText(config)}`, {
        why: "two VIP managers on a host are fine as long as they share neither VIP nor router ID",
        mend: "nothing, if it is meant to be here",
      }),
    ];
  }
  return [
    problem("error", `${who} manages ${shared.join(", ")} too`, {
      why: "both put the address in and take it away by rules of their own: it ends up on two nodes, or on none",
      mend: `systemctl disable --now ${name}, on one node after the other; docs/migrating.md tells when`,
    }),
  ];
}

function names(text: string, address: string, family: Family): boolean {
  const escaped = address.replaceAll(".", "\\.");
  const around = family === "ipv4" ? "[\\d.]" : "[\\da-fA-F:]";
  return new RegExp(`(?<!${around})${escaped}(?!${around})`, "i").test(text);
}

function fileOf(
  { args }: HostProcess,
  { flags, file }: { readonly flags: readonly string[]; readonly file: string },
): string | null {
  for (const [index, arg] of args.entries()) {
    if (flags.includes(arg)) return args[index + 1] ?? null;
    const flag = flags.find((one) => arg.startsWith(`${one}=`));
    if (flag !== undefined) return arg.slice(flag.length + 1);
  }
  return file === "" ? null : file;
}

/** A manager with children is one manager: the one with the lowest pid. */
function distinct(processes: readonly HostProcess[]): readonly HostProcess[] {
  const first = new Map<string, HostProcess>();
  for (const process of [...processes].sort((a, b) => a.pid - b.pid)) {
    if (!first.has(process.name)) first.set(process.name, process);
  }
  return [...first.values()];
}
