/** keepalived as a plain VRRP router on a host of the lab: what pgvip must get along with while a cluster changes over. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Host } from "./host.js";
import type { LabProcess } from "./process.js";
import { until } from "./wait.js";

export interface KeepalivedSettings {
  readonly version: 2 | 3;
  readonly routerId: number;
  readonly priority: number;
  readonly advertIntervalSeconds: number;
  /** As in `virtual_ipaddress`: an address with its prefix length, and maybe a label. */
  readonly vips: readonly string[];
  /** VRRPv2 only. */
  readonly authPass?: string;
  /** Unicast. */
  readonly peers?: readonly string[];
  /** Source of unicast adverts, where the interface has several addresses. */
  readonly source?: string;
  /** Further lines of `vrrp_instance`. */
  readonly extra?: readonly string[];
}

/** Adverts and errors as keepalived counts them (SIGUSR2). */
export interface KeepalivedStatistics {
  readonly received: number;
  readonly sent: number;
  readonly priorityZeroReceived: number;
  /** All counters under "Packet Errors" and "Authentication Errors", by their names. */
  readonly errors: Readonly<Record<string, number>>;
}

export class KeepalivedRouter {
  readonly #host: Host;
  readonly #process: LabProcess;

  /** Where keepalived comes from; a program other than the distribution's may be given. */
  static start(host: Host, settings: KeepalivedSettings, program = "keepalived"): KeepalivedRouter {
    const file = `${host.directory}/keepalived.conf`;
    writeFileSync(file, configuration(settings));
    const pidFiles = ["parent", "vrrp", "checkers"].map((role) => `${host.directory}/keepalived-${role}.pid`);
    const [parent = "", vrrp = "", checkers = ""] = pidFiles;
    const words = ["--dont-fork", "--log-console", "--log-detail", "--vrrp", "-f", file];
    const args = [...words, "-p", parent, "-r", vrrp, "-c", checkers];
    // Its statistics are written to the directory for temporary files.
    const env = { TMPDIR: host.directory };
    return new KeepalivedRouter(host, host.spawn(program, args, { log: "keepalived", env }));
  }

  private constructor(host: Host, process: LabProcess) {
    this.#host = host;
    this.#process = process;
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }

  get log(): string {
    return readFileSync(`${this.#host.directory}/keepalived.log`, "utf8");
  }

  /** As its log tells: MASTER, BACKUP or FAULT, the last one entered. */
  get state(): string | null {
    return [...this.log.matchAll(/Entering (\w+) STATE/g)].at(-1)?.[1] ?? null;
  }

  async inState(state: "MASTER" | "BACKUP"): Promise<void> {
    await until(`keepalived is ${state}`, () => this.state === state);
  }

  async statistics(): Promise<KeepalivedStatistics> {
    const file = `${this.#host.directory}/keepalived.stats`;
    rmSync(file, { force: true });
    process.kill(Number(readFileSync(`${this.#host.directory}/keepalived-vrrp.pid`, "utf8")), "SIGUSR2");
    // The last line is there when all are.
    const text = await until("keepalived writes its statistics", () => {
      const written = existsSync(file) ? readFileSync(file, "utf8") : "";
      return /Priority Zero:\n.*\n *Sent: \d+\n/.test(written) ? written : null;
    });
    return parseStatistics(text);
  }
}

function configuration(settings: KeepalivedSettings): string {
  const { version, peers, source, authPass, extra = [] } = settings;
  const block = (name: string, lines: readonly string[]): string => `${name} {\n${lines.join("\n")}\n}`;
  return [
    block("global_defs", [`vrrp_version ${version}`, "script_user root", "enable_script_security"]),
    block("vrrp_instance OTHER", [
      "state BACKUP",
      "interface eth0",
      `virtual_router_id ${settings.routerId}`,
      `priority ${settings.priority}`,
      `advert_int ${settings.advertIntervalSeconds}`,
      ...(source === undefined ? [] : [`unicast_src_ip ${source}`]),
      ...(peers === undefined ? [] : [block("unicast_peer", peers)]),
      ...(authPass === undefined ? [] : [block("authentication", ["auth_type PASS", `auth_pass ${authPass}`])]),
      block("virtual_ipaddress", settings.vips),
      ...extra,
    ]),
  ].join("\n");
}

function parseStatistics(text: string): KeepalivedStatistics {
  const errors: Record<string, number> = {};
  const counts = new Map<string, number>();
  let section = "";
  for (const line of text.split("\n")) {
    const [, name = "", value] = /^ *([^:]+):(?: (\d+))?$/.exec(line) ?? [];
    if (value === undefined) section = name;
    else if (section.endsWith("Errors")) errors[`${section}: ${name}`] = Number(value);
    else counts.set(`${section}: ${name}`, Number(value));
  }
  const count = (name: string): number => {
    const found = counts.get(name);
    if (found === undefined) throw new Error(`no "${name}" in keepalived's statistics:\n${text}`);
    return found;
  };
  if (Object.keys(errors).length < 6) throw new Error(`not all errors are in keepalived's statistics:\n${text}`);
  return {
    received: count("Advertisements: Received"),
    sent: count("Advertisements: Sent"),
    priorityZeroReceived: count("Priority Zero: Received"),
    errors,
  };
}
