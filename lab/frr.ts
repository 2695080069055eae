/** FRR's VRRP router on a host of the lab: VRRPv3 with the virtual MAC, its VIPs on macvlan interfaces. */
import { readFileSync, writeFileSync } from "node:fs";
import * as v from "valibot";
import type { Host } from "./host.js";
import type { LabProcess } from "./process.js";
import { until } from "./wait.js";

export interface FrrSettings {
  readonly routerId: number;
  readonly priority: number;
  /** A multiple of 10. */
  readonly advertIntervalMs: number;
  /** With prefix length; one of each family. */
  readonly ipv4: string;
  readonly ipv6: string;
}

/** One family of the virtual router, as `show vrrp json` tells. */
export interface FrrState {
  readonly status: string;
  readonly advertsReceived: number;
  readonly masterAdvertIntervalMs: number;
}

const programs = "/usr/lib/frr";

const side = v.object({
  status: v.string(),
  masterAdverInterval: v.number(),
  stats: v.object({ adverRx: v.number() }),
});
const answer = v.tuple([v.object({ v4: side, v6: side })]);

export class FrrRouter {
  readonly #host: Host;
  readonly #processes: readonly LabProcess[];

  static async start(host: Host, settings: FrrSettings): Promise<FrrRouter> {
    const { routerId } = settings;
    // vrrpd finds its interfaces by these MAC addresses (RFC 9568 section 7.3).
    const last = routerId.toString(16).padStart(2, "0");
    await addMacvlan(host, "vrrp4", `00:00:5e:00:01:${last}`, settings.ipv4);
    await addMacvlan(host, "vrrp6", `00:00:5e:00:02:${last}`, `${settings.ipv6} nodad`);
    writeFileSync(`${host.directory}/frr.conf`, configuration(settings));
    const zebra = launch(host, "zebra");
    await until("zebra is there", async () => (await vtysh(host, "show version")).code === 0);
    return new FrrRouter(host, [launch(host, "vrrpd"), zebra]);
  }

  private constructor(host: Host, processes: readonly LabProcess[]) {
    this.#host = host;
    this.#processes = processes;
  }

  /** With every packet that it received, and what it found wrong with it. */
  get log(): string {
    return readFileSync(`${this.#host.directory}/vrrpd.log`, "utf8");
  }

  /** `null` while it does not answer yet. */
  async state(): Promise<{ readonly ipv4: FrrState; readonly ipv6: FrrState } | null> {
    const { code, stdout } = await vtysh(this.#host, "show vrrp json");
    // Until the first advert it says nothing at all.
    if (code !== 0 || !stdout.includes("vrid")) return null;
    const [{ v4, v6 }] = v.parse(answer, JSON.parse(stdout));
    return { ipv4: stateOf(v4), ipv6: stateOf(v6) };
  }

  /** Waits until both families are in this state: Master, Backup. */
  async inState(status: "Master" | "Backup"): Promise<void> {
    await until(`FRR is ${status}`, async () => {
      const state = await this.state();
      return state !== null && state.ipv4.status === status && state.ipv6.status === status;
    });
  }

  async stop(): Promise<void> {
    for (const process of this.#processes) await process.stop();
  }
}

function stateOf({ status, masterAdverInterval, stats }: v.InferOutput<typeof side>): FrrState {
  return { status, advertsReceived: stats.adverRx, masterAdvertIntervalMs: masterAdverInterval };
}

function configuration({ routerId, priority, advertIntervalMs, ipv4, ipv6 }: FrrSettings): string {
  const withoutPrefix = (cidr: string): string => cidr.split("/")[0] ?? "";
  return `log stdout debugging
debug vrrp
interface eth0
 vrrp ${routerId} version 3
 vrrp ${routerId} priority ${priority}
 vrrp ${routerId} advertisement-interval ${advertIntervalMs}
 vrrp ${routerId} ip ${withoutPrefix(ipv4)}
 vrrp ${routerId} ipv6 ${withoutPrefix(ipv6)}
`;
}

async function addMacvlan(host: Host, name: string, mac: string, address: string): Promise<void> {
  const link = ["link", "add", name, "link", "eth0", "type", "macvlan", "mode", "bridge"];
  for (const words of [
    link,
    ["link", "set", "dev", name, "address", mac],
    ["address", "add", ...address.split(" "), "dev", name],
    ["link", "set", "dev", name, "up"],
  ]) {
    const { code, stderr } = await host.exec("ip", words);
    if (code !== 0) throw new Error(`ip ${words.join(" ")}: ${stderr}`);
  }
}

function launch(host: Host, program: "zebra" | "vrrpd"): LabProcess {
  const { directory } = host;
  const paths = ["-z", `${directory}/zserv.api`, "-i", `${directory}/${program}.pid`, "--vty_socket", directory];
  const args = ["-f", `${directory}/frr.conf`, ...paths, "-A", "127.0.0.1", "-P", "0", "--log", "stdout"];
  return host.spawn(`${programs}/${program}`, args, { log: program });
}

function vtysh(host: Host, command: string) {
  return host.exec("vtysh", ["--vty_socket", host.directory, "-c", command], { timeoutMs: 10_000 });
}
