/** Announcements and adverts on the wire, stamped by the kernel and told on the monotonic clock: tcpdump on a host. */
import type { Host } from "../lab/host.js";
import type { LabProcess } from "../lab/process.js";
import { vip } from "../lab/topology.js";
import { nowMs, until } from "../lab/wait.js";

export interface WireEvent {
  readonly atMs: number;
  readonly sourceMac: string;
  /** `announcement`: ARP with the VIP as its sender. */
  readonly kind: "announcement" | "advert";
  /** Of an advert. */
  readonly priority: number | null;
  readonly routerId: number | null;
}

const filter = "arp or ip proto 112";
/** Heads only: in slots for the longest frame there is, the kernel keeps eight, and what comes in a burst is lost. */
const keptBytes = "256";
const kept = ["--immediate-mode", "--snapshot-length", keptBytes];
const options = ["-i", "eth0", "-nn", "-e", "-l", "-tt", "--time-stamp-precision=nano", ...kept];

export class Capture {
  readonly #process: LabProcess;
  readonly #lines: string[] = [];

  /** Resolves when nothing is missed any more. */
  static async start(host: Host): Promise<Capture> {
    const capture = new Capture(host);
    await until("tcpdump listens", () => hasPacketSocket(host));
    return capture;
  }

  private constructor(host: Host) {
    this.#process = host.spawnPiped("tcpdump", [...options, filter], { log: "tcpdump" });
    this.#process.onLine((line) => this.#lines.push(line));
  }

  /** How many packets so far. */
  get seen(): number {
    return this.#lines.length;
  }

  /** Ends the capture. */
  async stop(): Promise<readonly WireEvent[]> {
    await this.#process.stop("SIGINT");
    const offsetMs = wallClockOffsetMs();
    return this.#lines.flatMap((line) => parseLine(line, offsetMs) ?? []);
  }
}

/** `offsetMs`: monotonic clock minus wall clock. `null`: of no interest. */
export function parseLine(line: string, offsetMs: number): WireEvent | null {
  const [, seconds = "", fraction = "", sourceMac = ""] = /^(\d+)\.(\d+) ([0-9a-f:]{17}) > /.exec(line) ?? [];
  if (sourceMac === "") return null;
  const atMs = Number(seconds) * 1000 + Number(fraction.slice(0, 6)) / 1000 + offsetMs;
  const [, routerId, priority] = /VRRPv[23], Advertisement, vrid (\d+), prio (\d+)/.exec(line) ?? [];
  if (priority !== undefined) {
    return { atMs, sourceMac, kind: "advert", routerId: Number(routerId), priority: Number(priority) };
  }
  const fromVip = line.includes(`tell ${vip},`) || line.includes(`Reply ${vip} is-at`);
  return fromVip ? { atMs, sourceMac, kind: "announcement", priority: null, routerId: null } : null;
}

/** Monotonic clock minus wall clock. Date.now() has whole milliseconds: the moment it steps is exact. */
export function wallClockOffsetMs(): number {
  const before = Date.now();
  let wallMs = before;
  while (wallMs === before) wallMs = Date.now();
  return nowMs() - wallMs;
}

/** /proc/net/packet has a header and a line for each packet socket of the host. */
async function hasPacketSocket(host: Host): Promise<boolean> {
  const { stdout } = await host.exec("cat", ["/proc/net/packet"]);
  return stdout.trim().split("\n").length > 1;
}
