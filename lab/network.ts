/**
 * A lab: hosts as network namespaces on one bridge, which has a namespace of its own, so the machine's network stays as
 * it is. Files live on a tmpfs of the lab (a database that writes there waits for no disk).
 *
 * Everything is named `pgvip<pid of the driver>-<number>`, is removed by `close`, by the watchdog when the driver dies,
 * and at the next start whatever a killed watchdog left.
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { command, ipBatch, tryCommand } from "./command.js";
import { Host } from "./host.js";
import { labDirectory, processStart, sweepStaleLabs, Watchdog } from "./sweep.js";

export interface HostPlan {
  /** At most 15 characters: the bridge's port has this name. */
  readonly name: string;
  /** Addresses of `eth0` in CIDR notation. */
  readonly addresses: readonly string[];
}

/** What a freshly installed Debian or Ubuntu sets (systemd's 50-default.conf), where it differs from the bare kernel. */
const sysctls = [
  "net.ipv4.conf.all.promote_secondaries=1",
  "net.ipv4.conf.default.promote_secondaries=1",
  "net.ipv4.conf.eth0.promote_secondaries=1",
  "net.ipv4.conf.default.rp_filter=2",
  "net.ipv4.conf.eth0.rp_filter=2",
  "net.ipv4.ping_group_range=0 2147483647",
];

let labsMade = 0;

export class Lab {
  readonly name: string;
  readonly directory: string;
  readonly hosts: readonly Host[];
  /** Namespace of the bridge. */
  readonly switchNamespace: string;
  readonly watchdog: Watchdog;

  /** Sweeps stale labs, then makes the hosts. Needs root. */
  static async create(plans: readonly HostPlan[]): Promise<Lab> {
    await sweepStaleLabs();
    labsMade += 1;
    const lab = new Lab(`pgvip${process.pid}-${labsMade}`, plans);
    try {
      await lab.#build(plans);
    } catch (error) {
      await lab.close();
      throw error;
    }
    return lab;
  }

  private constructor(name: string, plans: readonly HostPlan[]) {
    this.name = name;
    this.directory = labDirectory(name);
    this.switchNamespace = `${name}-switch`;
    this.watchdog = new Watchdog(name);
    this.hosts = plans.map(
      (plan, index) =>
        new Host({
          name: plan.name,
          address: plan.addresses[0]?.split("/")[0] ?? "",
          ttl: 64 + index,
          namespace: `${name}-${plan.name}`,
          switchNamespace: this.switchNamespace,
          directory: `${this.directory}/${plan.name}`,
        }),
    );
  }

  host(name: string): Host {
    const found = this.hosts.find((host) => host.name === name);
    if (found === undefined) throw new Error(`the lab has no host ${name}`);
    return found;
  }

  /** The last lines of every log, to be shown when something went wrong: `close` removes the logs. */
  async logTails(lines = 20): Promise<string> {
    const { stdout } = await tryCommand("sh", ["-c", `tail -n ${lines} ${this.directory}/*/*.log`]);
    return stdout;
  }

  /** Ends every process of the lab and removes its namespaces and files. Idempotent. */
  async close(): Promise<void> {
    await this.watchdog.sweep();
  }

  async #build(plans: readonly HostPlan[]): Promise<void> {
    mkdirSync(this.directory);
    await command("mount", ["-t", "tmpfs", "-o", "mode=0755", this.name, this.directory]);
    writeFileSync(`${this.directory}/driver`, processStart(process.pid) ?? "");
    await this.#addBridge();
    for (const [index, host] of this.hosts.entries()) await this.#addHost(host, plans[index]?.addresses ?? [], index);
  }

  async #addBridge(): Promise<void> {
    await command("ip", ["netns", "add", this.switchNamespace]);
    await command("ip", [
      "netns",
      "exec",
      this.switchNamespace,
      "sysctl",
      "-qw",
      "net.ipv6.conf.default.disable_ipv6=1",
    ]);
    await ipBatch(
      ["link set dev lo up", "link add name br0 type bridge stp_state 0 forward_delay 0", "link set dev br0 up"],
      this.switchNamespace,
    );
  }

  async #addHost(host: Host, addresses: readonly string[], index: number): Promise<void> {
    mkdirSync(host.directory);
    // Services of the host run as users of their own and keep their files here.
    chmodSync(host.directory, 0o777);
    writeFileSync(`${host.directory}/ipc`, "");
    await command("unshare", [`--ipc=${host.directory}/ipc`, "true"]);
    await command("ip", ["netns", "add", host.namespace]);
    await ipBatch(
      [
        // The number by which address changes of this host are told apart in the bridge's namespace (watch.ts).
        `netns set ${host.namespace} ${index}`,
        `link add name ${host.name} type veth peer name eth0 netns ${host.namespace}`,
        `link set dev ${host.name} master br0 up`,
      ],
      this.switchNamespace,
    );
    await command("ip", [
      "netns",
      "exec",
      host.namespace,
      "sysctl",
      "-qw",
      ...sysctls,
      `net.ipv4.ip_default_ttl=${host.ttl}`,
    ]);
    await ipBatch(
      [
        "link set dev lo up",
        "link set dev eth0 up",
        ...addresses.map((cidr) => `address add ${cidr} dev eth0${cidr.includes(":") ? " nodad" : " broadcast +"}`),
      ],
      host.namespace,
    );
  }
}
