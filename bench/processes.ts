/** What running processes cost, from proc(5). */
import { readdirSync, readFileSync } from "node:fs";

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Processor time of itself and of children that have ended, milliseconds; the kernel counts it in steps of 10. */
  readonly cpuMs: number;
  readonly ownCpuMs: number;
}

const msPerTick = 10;

/** Processor time and resident memory of the processes and all their descendants. */
export function costOf(pids: readonly number[]): { readonly cpuMs: number; readonly rssMb: number } {
  const family = withDescendants(pids, allProcesses());
  return {
    cpuMs: family.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    rssMb: family.reduce((sum, { pid }) => sum + rssMb(pid), 0),
  };
}

/** What some processes cost from one moment to another, provided that they are the same ones at both. */
export class CostMeter {
  readonly #list: () => readonly number[];
  readonly #pids: readonly number[];
  readonly #cpuBeforeMs: number;
  #rssMb = 0;

  /** `list` gives the process ids of the moment at which it is called. */
  constructor(list: () => readonly number[]) {
    this.#list = list;
    this.#pids = list();
    this.#cpuBeforeMs = costOf(this.#pids).cpuMs;
  }

  /** Takes note of their memory now. */
  sample(): void {
    this.#rssMb = Math.max(this.#rssMb, costOf(this.#pids).rssMb);
  }

  /** Processor time, and the most memory of all samples. `null`: a process that was ended took its account with it. */
  end(): { readonly cpuMs: number; readonly rssMb: number } | null {
    this.sample();
    const cpuMs = costOf(this.#pids).cpuMs - this.#cpuBeforeMs;
    return this.#list().join() === this.#pids.join() ? { cpuMs, rssMb: this.#rssMb } : null;
  }
}

/** Processor time of one process alone. */
export function cpuMsOf(pid: number): number {
  return readStat(pid)?.ownCpuMs ?? 0;
}

function withDescendants(pids: readonly number[], all: readonly ProcessStat[]): ProcessStat[] {
  const roots = all.filter(({ pid }) => pids.includes(pid));
  if (roots.length === 0) return [];
  const children = all.filter(({ parent }) => pids.includes(parent)).map(({ pid }) => pid);
  return [...roots, ...withDescendants(children, all)];
}

function allProcesses(): ProcessStat[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(Number(name)) ?? []);
}

function readStat(pid: number): ProcessStat | null {
  const text = readIfThere(`/proc/${pid}/stat`);
  // The command, in parentheses, may contain anything.
  const fields = text?.slice(text.lastIndexOf(") ") + 2).split(" ");
  if (fields === undefined) return null;
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields
    .slice(11, 15)
    .map((ticks) => Number(ticks) * msPerTick);
  const ownCpuMs = user + system;
  return { pid, parent: Number(fields[1]), cpuMs: ownCpuMs + childrenUser + childrenSystem, ownCpuMs };
}

export function rssMb(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readIfThere(`/proc/${pid}/status`) ?? "")?.[1];
  return Number(kilobytes ?? 0) / 1024;
}

/** `null` when the process has ended meanwhile. */
export function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
