/**
 * Watches which host has the VIP, to the millisecond: one `ip monitor` in the bridge's namespace hears the address changes
 * of all hosts (the kernel numbers them by namespace id) and stamps each as it comes. It runs on none of the hosts, so it
 * sees a host that is being killed, too.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import * as v from "valibot";
import type { Host } from "./host.js";
import type { Lab } from "./network.js";
import { LabProcess } from "./process.js";
import { nowMs, until } from "./wait.js";

/** From this moment on the host has the VIP, or has it no longer. */
export interface HolderChange {
  readonly atMs: number;
  readonly host: string;
  readonly has: boolean;
}

const addressDump = v.array(
  v.object({ addr_info: v.optional(v.array(v.object({ local: v.optional(v.string()) })), []) }),
);

export class HolderWatch {
  readonly #monitor: LabProcess;
  readonly #lab: Lab;
  readonly #vip: string;
  readonly #changes: HolderChange[] = [];
  readonly #has = new Set<string>();

  static async start(lab: Lab, vip: string): Promise<HolderWatch> {
    const watch = new HolderWatch(lab, vip);
    await until("the address monitor listens", () => netlinkListens(watch.#monitor.pid));
    for (const host of lab.hosts) {
      const found = await hasAddress(host, vip);
      if (found && !watch.#has.has(host.name)) watch.#note({ atMs: nowMs(), host: host.name, has: true });
    }
    return watch;
  }

  private constructor(lab: Lab, vip: string) {
    this.#lab = lab;
    this.#vip = vip;
    const monitor = ["ip", "-ts", "-o", "monitor", "all-nsid", "address"];
    const args = ["netns", "exec", lab.switchNamespace, ...monitor];
    this.#monitor = new LabProcess(
      "ip monitor",
      spawn("ip", args, { stdio: ["pipe", "pipe", "ignore"], detached: true }),
    );
    this.#monitor.onLine((line) => {
      this.#read(line);
    });
  }

  get changes(): readonly HolderChange[] {
    return this.#changes;
  }

  /** Hosts that have the VIP now. */
  get holders(): readonly string[] {
    return [...this.#has].sort();
  }

  /** Waits until this host, and no other of those that count, has the VIP. */
  async holder(host: string, timeoutMs = 30_000): Promise<void> {
    const alone = (): boolean => this.holders.length === 1 && this.holders[0] === host;
    await until(`only ${host} has ${this.#vip}`, alone, { timeoutMs, everyMs: 2 });
  }

  async close(): Promise<void> {
    await this.#monitor.kill();
  }

  #read(line: string): void {
    const match = /^\[([^\]]+)\] *\[nsid (\d+)\](Deleted )?.* inet6? ([^/ ]+)/.exec(line);
    if (match === null) return;
    const [, stamp = "", nsid = "", deleted, address] = match;
    const host = this.#lab.hosts[Number(nsid)];
    if (address !== this.#vip || host === undefined) return;
    const has = deleted === undefined;
    // A renewed lifetime is an event too, but no change.
    if (this.#has.has(host.name) !== has) this.#note({ atMs: monotonicMs(stamp), host: host.name, has });
  }

  #note(change: HolderChange): void {
    if (change.has) this.#has.add(change.host);
    else this.#has.delete(change.host);
    this.#changes.push(change);
  }
}

/** The netlink socket of an `ip monitor` has joined groups: from now on nothing is missed. */
export function netlinkListens(pid: number): boolean {
  const sockets = readFileSync(`/proc/${pid}/net/netlink`, "utf8").split("\n");
  return sockets.some((line) => {
    const [, protocol, portId, groups] = line.trim().split(/ +/);
    return protocol === "0" && Number(portId) === pid && Number(`0x${groups ?? "0"}`) !== 0;
  });
}

/** How long more than one of the hosts had the VIP, and how long none. */
export interface HolderTimes {
  readonly severalMs: number;
  readonly noneMs: number;
}

/** Changes must be in order of time; those before `fromMs` say who had it at the start. */
export function holderTimes(changes: readonly HolderChange[], fromMs: number, toMs: number): HolderTimes {
  const holders = new Set<string>();
  let [severalMs, noneMs, sinceMs] = [0, 0, fromMs];
  const passTo = (atMs: number): void => {
    const spanMs = Math.max(0, Math.min(atMs, toMs) - sinceMs);
    if (holders.size > 1) severalMs += spanMs;
    if (holders.size === 0) noneMs += spanMs;
    sinceMs = Math.max(sinceMs, atMs);
  };
  for (const { atMs, host, has } of changes) {
    passTo(atMs);
    if (has) holders.add(host);
    else holders.delete(host);
  }
  passTo(toMs);
  return { severalMs, noneMs };
}

async function hasAddress(host: Host, address: string): Promise<boolean> {
  const { stdout } = await host.exec("ip", ["-j", "address", "show"]);
  const links = v.parse(addressDump, JSON.parse(stdout));
  return links.some((link) => link.addr_info.some((info) => info.local === address));
}

/** One comparison of the clocks serves for this long: what follows closely must not change places by its error. */
const COMPARED_FOR_MS = 1_000;
let compared = { atMs: -Infinity, aheadMs: 0 };

/** `ip` stamps with the wall clock in the local time zone; the clocks are compared again and again, as it may be set. */
function monotonicMs(stamp: string): number {
  const [whole = "", fraction = "0"] = stamp.split(".");
  const stampMs = new Date(whole).getTime() + Number(`0.${fraction}`) * 1000;
  if (nowMs() - compared.atMs > COMPARED_FOR_MS) compared = compareClocks();
  return stampMs - compared.aheadMs;
}

/** How far the wall clock is ahead of the monotonic one. */
function compareClocks(): typeof compared {
  // Date.now() has whole milliseconds: the moment it steps is exact.
  const before = Date.now();
  let wallNowMs = before;
  while (wallNowMs === before) wallNowMs = Date.now();
  const atMs = nowMs();
  return { atMs, aheadMs: wallNowMs - atMs };
}
