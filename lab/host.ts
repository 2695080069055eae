/**
 * A host of the lab: a network namespace with one interface `eth0` on the lab's bridge, and a directory for its files.
 *
 * Processes get their own session (Ctrl-C reaches only the driver) and the host's own System V IPC namespace, so that a
 * PostgreSQL that is killed leaves no shared memory behind.
 */
import { spawn, type StdioOptions } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { type CommandResult, ipBatch, tryCommand, type User } from "./command.js";
import { LabProcess } from "./process.js";

export interface RunOptions {
  readonly user?: User;
  readonly env?: Readonly<Record<string, string>>;
}

export interface SpawnOptions extends RunOptions {
  /** The log file is `<directory>/<log>.log`; it is appended to. */
  readonly log: string;
}

export interface HostPlace {
  readonly name: string;
  /** First address, without prefix length. */
  readonly address: string;
  /** TTL of what it sends by itself: tells a client who answered an echo. */
  readonly ttl: number;
  readonly namespace: string;
  /** Namespace of the bridge, in which the host's port has the host's name. */
  readonly switchNamespace: string;
  readonly directory: string;
}

export class Host {
  readonly name: string;
  readonly address: string;
  readonly ttl: number;
  readonly namespace: string;
  readonly directory: string;
  readonly #switch: string;

  constructor(place: HostPlace) {
    this.name = place.name;
    this.address = place.address;
    this.ttl = place.ttl;
    this.namespace = place.namespace;
    this.directory = place.directory;
    this.#switch = place.switchNamespace;
  }

  /** Starts a long-running process whose output goes to its log file. */
  spawn(command: string, args: readonly string[], options: SpawnOptions): LabProcess {
    return this.#start(command, args, options, (log) => ["ignore", log, log]);
  }

  /** The same for a process that is talked to: its input and output are pipes, only its errors go to the log. */
  spawnPiped(command: string, args: readonly string[], options: SpawnOptions): LabProcess {
    return this.#start(command, args, options, (log) => ["pipe", "pipe", log]);
  }

  /** Runs a command to its end. Never rejects. */
  exec(
    command: string,
    args: readonly string[],
    options: RunOptions & { readonly timeoutMs?: number } = {},
  ): Promise<CommandResult> {
    const limits = options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs };
    return tryCommand("ip", this.#enter(command, args, options), limits);
  }

  /** Kills every process of the host, whoever started it: what a power cut does to software. */
  async killAll(): Promise<void> {
    for (;;) {
      const pids = await this.pids();
      if (pids.length === 0) return;
      for (const pid of pids) signalIfThere(pid, "SIGKILL");
    }
  }

  /** Stops every process of the host, as a hypervisor does to a guest: nothing runs, nothing is lost, no clock is told. */
  async freezeAll(): Promise<void> {
    for (const pid of await this.pids()) signalIfThere(pid, "SIGSTOP");
  }

  async thawAll(): Promise<void> {
    for (const pid of await this.pids()) signalIfThere(pid, "SIGCONT");
  }

  async pids(): Promise<number[]> {
    const { stdout } = await tryCommand("ip", ["netns", "pids", this.namespace]);
    return stdout.split("\n").filter(Boolean).map(Number);
  }

  /** Pulls the cable: the host loses its carrier. */
  async linkDown(): Promise<void> {
    await ipBatch([`link set dev ${this.name} down`], this.#switch);
  }

  async linkUp(): Promise<void> {
    await ipBatch([`link set dev ${this.name} up`], this.#switch);
  }

  /** Cuts the host off from all others; its own carrier stays up, as behind a broken switch. */
  async cut(): Promise<void> {
    await ipBatch([`link set dev ${this.name} nomaster`], this.#switch);
  }

  async heal(): Promise<void> {
    await ipBatch([`link set dev ${this.name} master br0`], this.#switch);
  }

  /** The network card is gone, and its addresses with it. */
  async removeInterface(): Promise<void> {
    await ipBatch([`link delete dev ${this.name}`], this.#switch);
  }

  /** Another card under the old name: new index, new hardware address, the host's first address. */
  async addInterface(prefixLength = 24): Promise<void> {
    await ipBatch(
      [
        `link add name ${this.name} type veth peer name eth0 netns ${this.namespace}`,
        `link set dev ${this.name} master br0 up`,
      ],
      this.#switch,
    );
    await ipBatch(
      [`address add ${this.address}/${prefixLength} broadcast + dev eth0`, "link set dev eth0 up"],
      this.namespace,
    );
  }

  /** Arguments for `ip` that run the command here. Each step replaces its process: the pid is the command's own. */
  #enter(command: string, args: readonly string[], options: RunOptions): string[] {
    const { user, env } = options;
    const as = user === undefined ? [] : [`--setuid=${user.uid}`, `--setgid=${user.gid}`];
    const settings = Object.entries(env ?? {}).map(([name, value]) => `${name}=${value}`);
    const inside = ["nsenter", `--ipc=${this.directory}/ipc`, ...as, "env", ...settings, command, ...args];
    return ["netns", "exec", this.namespace, ...inside];
  }

  #start(
    command: string,
    args: readonly string[],
    options: SpawnOptions,
    stdio: (log: number) => StdioOptions,
  ): LabProcess {
    const log = openSync(`${this.directory}/${options.log}.log`, "a");
    try {
      const child = spawn("ip", this.#enter(command, args, options), { stdio: stdio(log), detached: true });
      return new LabProcess(command, child);
    } finally {
      closeSync(log);
    }
  }
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself meanwhile.
  }
}
